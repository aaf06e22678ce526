// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_STUDY_IMAGES_H
#define MHO_STUDIES_STUDY_IMAGES_H

#include <cstddef>

#include "mho/analysis/data.h"
#include "mho/net/graph.h"

namespace mho {

/// Pictures at half the resolution (means of 2 x 2 pixels, rounded), with a frame of `frame` black
/// pixels. Heights and widths must be even (InputError).
LabelledImages halved(const LabelledImages& images, size_t frame);

/// The first Fashion-MNIST pictures (arXiv 1708.07747) as 1 x 16 x 16: halved, one pixel of frame.
/// Networks train four times as fast as on the originals.
Data small_fashion(size_t train, size_t test);

/// Ten classes of noisy patterns, 1 x 16 x 16: for the short form of a study, which must not need
/// any files.
Data generated_images(size_t train, size_t test);

/// The first `count` pictures.
LabelledImages first_images(const LabelledImages& images, size_t count);

/// What networks of these pictures get as input.
InputSpec small_image_input();

/// The first CIFAR-10 pictures (a JPEG copy: training and test pictures of one kind, whose
/// accuracies are not those of the originals) as 3 x 16 x 16: halved.
Data small_cifar(size_t train, size_t test);
/// Whether MHO_DATA has them.
bool has_small_cifar();
InputSpec small_colour_input();

}  // namespace mho

#endif  // MHO_STUDIES_STUDY_IMAGES_H
