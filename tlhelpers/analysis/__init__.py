"""What runs say: metrics, comparisons, verdicts, numbers in prose, figures."""
