"""What is read of a torch `DataLoader`."""

from tests.doctor.samples.sources import (
    BATCH,
    HAS_TORCH,
    N,
    X,
    Y,
    needs_torch,
    rows_of,
    torch_tensors,
)
from tlhelpers.doctor.samples import read

if HAS_TORCH:
    import torch
    from torch.utils.data import DataLoader


@needs_torch
def test_loaders_with_workers_and_streams():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(zip(X, Y, strict=True))

    [sample] = read(DataLoader(Stream(), batch_size=BATCH))
    assert sample.complete and rows_of(sample) == list(range(N))
    with_workers = torch_tensors(num_workers=2, persistent_workers=True)
    [sample] = read(with_workers)
    assert rows_of(sample) == list(range(N)) and with_workers._iterator is None


@needs_torch
def test_large_tensors_cannot_be_changed_in_place():
    class Changes(torch.utils.data.Dataset):
        def __init__(self):
            self.x = torch.ones(40, 100, 100, 3)

        def __len__(self):
            return N

        def __getitem__(self, index):
            return self.x[index].mul_(2), 1

    source = Changes()
    assert "in place" in read(DataLoader(source, batch_size=BATCH)).why
    assert (source.x == 1).all()
