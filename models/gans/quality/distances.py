"""How far the distribution of generated pictures lies from that of real ones: FID and KID.

Sources: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017 (FID);
Binkowski et al., "Demystifying MMD GANs", 2018 (KID).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.gans.quality.features import FloatArray

BLOCK = 1024  # rows of a kernel matrix that exist at a time


def frechet_distance(real: FloatArray, fake: FloatArray) -> float:
    """Return the Fréchet distance of two Gaussians fitted to (n, d) and (m, d) features: FID.

    |mean - mean'|² + tr(C + C' - 2 (C C')^(1/2)). With C = R'R and C' = S'S from QR decompositions of the
    centred features the last trace is the sum of the singular values of R S'. So no covariance is formed and no matrix
    root is taken, which would both lose half of the digits where features are nearly dependent.

    FID is biased upwards, the more the fewer pictures; compare values from equal numbers only.

    Raises:
        ValueError: A set has fewer than two rows, or the numbers of columns differ.
    """
    _check(real, fake)
    shift = real.mean(axis=0, dtype=np.float64) - fake.mean(axis=0, dtype=np.float64)
    root, other_root = _covariance_root(real), _covariance_root(fake)
    cross = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    distance = shift @ shift + np.square(root).sum() + np.square(other_root).sum() - 2 * cross
    return max(float(distance), 0.0)


def kernel_distance(real: FloatArray, fake: FloatArray) -> float:
    """Return the squared maximum mean discrepancy of (n, d) and (m, d) features: KID.

    The unbiased estimate with the kernel (x·y / d + 1)³: where both sets come from one distribution it is 0 on
    average, and below 0 half of the time. All pairs are used, block by block: the usual mean over random subsets
    estimates the same with more variance, and needs a seed.

    Raises:
        ValueError: A set has fewer than two rows, or the numbers of columns differ.
    """
    _check(real, fake)
    n, m = len(real), len(fake)
    within_real = _kernel_sum(real, real) - _kernel_diagonal(real)
    within_fake = _kernel_sum(fake, fake) - _kernel_diagonal(fake)
    return within_real / (n * (n - 1)) + within_fake / (m * (m - 1)) - 2 * _kernel_sum(real, fake) / (n * m)


def _covariance_root(features: FloatArray) -> NDArray[np.float64]:
    """Return R with R'R = the unbiased covariance of (n, d) features; (min(n, d), d) float64."""
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    return np.asarray(np.linalg.qr(centred, mode="r") / np.sqrt(len(features) - 1))


def _kernel_sum(left: FloatArray, right: FloatArray) -> float:
    """Sum the kernel over all pairs of rows."""
    right64 = right.astype(np.float64)
    blocks = (left[start : start + BLOCK] @ right64.T for start in range(0, len(left), BLOCK))
    return float(sum(((block / left.shape[1] + 1) ** 3).sum() for block in blocks))


def _kernel_diagonal(features: FloatArray) -> float:
    """Sum the kernel of each row with itself."""
    squares = np.square(features, dtype=np.float64).sum(axis=1)
    return float(((squares / features.shape[1] + 1) ** 3).sum())


def _check(real: FloatArray, fake: FloatArray) -> None:
    if min(len(real), len(fake)) < 2 or real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"a distance needs two sets of at least two vectors of equal length, not {real.shape} and {fake.shape}"
        )
