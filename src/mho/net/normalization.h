// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_NORMALIZATION_H
#define MHO_NET_NORMALIZATION_H

// Variants of batch normalisation, and networks without any. Formulas:
// docs/models/normalization.md.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "mho/net/network.h"

namespace mho {

/// What training divides the centred numbers of a channel by. A matter of training alone: inference
/// divides by sqrt(running_var + epsilon) whatever the rule, so graphs and files do not know it.
enum class NormScale { kL2, kL1, kTopK, kRange };
struct NormRule {
    NormScale scale = NormScale::kL2;
    int top = 10;  // kTopK: how many magnitudes of a channel count, at least 1
};

/// "L2", "L1", "top 10", "range".
std::string norm_rule_text(const NormRule& rule);

/// The scale of one channel from its centred numbers x of a batch, without epsilon; for normal
/// numbers all four estimate the standard deviation:
///   l2     sqrt(mean(x^2))
///   l1     sqrt(pi / 2) mean |x|                                  (Hoffer et al., arXiv
///   1803.01814) top k  top_k_factor(k, count) times the mean of the k largest |x|    (k at most
///   the count) range  (max x - min x) / range_factor(count)                  (Hoffer et al.)
/// Serial, in double: the reference of what nn/ trains with. Throws InputError for no numbers
/// and for a top below 1.
double batch_scale(const NormRule& rule, std::span<const double> centred);

/// 1 / E[mean of the k largest of `count` magnitudes of standard normal numbers], k at most the
/// count. E[sum] = integral over t from 0 of E[min(k, N(t))], N(t) binomial of `count` trials of
/// probability erfc(t / sqrt 2): Simpson's rule, relative error below 1e-6. Throws InputError for
/// 0.
double top_k_factor(size_t k, size_t count);

/// 2 sqrt(2 ln count), about the expected range of normal numbers; 2 sqrt(2 ln 2) for fewer than 2.
double range_factor(size_t count);

/// The graph without batch norms: what fed one feeds what it fed, and linear and convolution layers
/// before one get a bias in its place. A graph that ends in a batch norm is refused (ConfigError).
Graph without_batch_norm(const Graph& graph);

/// Batch norms that directly follow an analog convolution or linear layer with a digital bias (or
/// none), whose output nobody else uses, go into its digital scales and bias: what comes behind its
/// columns is one affine law, which a near-memory unit computes. Columns with a negative factor
/// have the signs of their weights flipped, as scales of that unit have none. The exact network
/// stays the same.
Network fold_batch_norm_into_scales(const Network& network);

/// The graph without shortcuts: what joins a branch (first input) and a shortcut passes the branch
/// on, and layers whose outputs nothing needs any more are gone. A graph that ends in such a sum is
/// refused (ConfigError).
Graph without_shortcuts(const Graph& graph);

/// Graphs of the zoo at another width: stages of `width`, 2 `width` and 4 `width` channels (the zoo
/// has 16 and 32). The VGG's first linear layer has 8 `width` outputs.
Graph resnet_cifar_of_width(int depth, InputSpec input, int width);
Graph vgg_small_of_width(InputSpec input, int classes, int width);

/// Start parameters for networks without batch norms. Weights are normal with deviation
/// sqrt(2 / fan in) (He et al., arXiv 1502.01852), biases zero. Where an AddOp joins a branch (its
/// first input) and a shortcut, the last matrix of the branch starts at zero and the others are
/// smaller by (branches)^(-1 / (2 m - 2)), m matrices a branch (Fixup: Zhang et al., arXiv
/// 1901.09321; its scalar biases and factors are left out). The last matrix of the network starts
/// at zero if there are branches.
Network initialize_fixup(const Graph& graph, uint64_t seed);

}  // namespace mho

#endif  // MHO_NET_NORMALIZATION_H
