// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_SAFETENSORS_H
#define MHO_IO_SAFETENSORS_H

#include <map>
#include <string>
#include <string_view>

#include "mho/io/tensor.h"

namespace mho {

/// The content of a safetensors file (https://github.com/huggingface/safetensors): named tensors
/// and free text. Layout: header length (8 bytes, little-endian), JSON header, raw little-endian
/// data.
struct SafeTensors {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;

    /// The tensor of that name; InputError with the nearest name if there is none.
    const Tensor& at(std::string_view name) const;
    bool operator==(const SafeTensors&) const = default;
};

/// Reads F32, F64, F16, BF16, I64, I32 and U8, all converted to float (rounded to nearest; F64
/// beyond its range becomes infinite). Numbers may be NaN or infinite: the caller decides. Throws
/// IoError naming `origin` and the tensor for everything that breaks the format: data must fill the
/// file without gaps, overlaps or rest, every name must be unique, sizes must match shapes, the
/// header may have at most 32 MiB.
SafeTensors parse_safetensors(std::string_view bytes, const std::string& origin);

/// The same from a file; files of more than 4 GiB are refused.
SafeTensors read_safetensors(const std::string& path);

/// Always F32, tensors in name order without gaps, header padded with blanks to a multiple of 8:
/// equal content gives equal bytes. Throws InputError if values do not fit a shape, or a name is
/// not UTF-8 or is the reserved `__metadata__`.
std::string format_safetensors(const SafeTensors& content);

/// format_safetensors() into a file, atomically (io/file.h).
void write_safetensors(const std::string& path, const SafeTensors& content);

}  // namespace mho

#endif  // MHO_IO_SAFETENSORS_H
