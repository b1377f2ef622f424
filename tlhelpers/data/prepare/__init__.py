"""From downloads and archives to a folder of decoded images."""
