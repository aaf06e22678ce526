# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Noisy images of seven-segment digits: a task that needs no download."""

import numpy as np

# Segments of each digit: top, upper left, upper right, middle, lower left, lower right, bottom.
LIT = ["1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011"]
# Rows and columns of each segment in a field of 7 x 5 pixels.
PLACE = [((0, 1), (1, 4)), ((1, 3), (0, 1)), ((1, 3), (4, 5)), ((3, 4), (1, 4)), ((4, 6), (0, 1)), ((4, 6), (4, 5)),
         ((6, 7), (1, 4))]


def digits(count, noise=0.2, seed=0, shift=3):
    """Images [count, 1, 10, 10] with values around 0 to 1, and labels [count]; float32 and int64, as torch
    takes them. Digits stand up to `shift` pixels from their corner, segments have brightness of their own,
    and all pixels normal noise."""
    r = np.random.default_rng(seed)
    labels = r.integers(0, 10, count)
    images = np.zeros((count, 10, 10), np.float32)
    for image, label in zip(images, labels):
        y, x = r.integers(0, shift + 1), 1 + r.integers(0, shift + 1)
        for lit, (rows, columns) in zip(LIT[label], PLACE):
            if lit == "1":
                image[y + rows[0] : y + rows[1], x + columns[0] : x + columns[1]] = r.uniform(0.6, 1.0)
    images += noise * r.normal(size=images.shape)
    return images[:, None].astype(np.float32), labels.astype(np.int64)
