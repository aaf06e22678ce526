// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_BENCH_PLAIN_PRODUCT_H
#define MHO_BENCH_PLAIN_PRODUCT_H

// The yardstick: the matmul primitive of oneDNN, fp32, one thread, weights [out, in] reordered once
// into the layout that the primitive prefers.

#include <dnnl.hpp>
#include <vector>

#include "mho/util/matrix.h"

namespace mho::bench {

class PlainProduct {
  public:
    PlainProduct(ConstFloatView weights, ConstFloatView x, FloatView y)
        : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
        using Tag = dnnl::memory::format_tag;
        using Desc = dnnl::memory::desc;
        const auto type = dnnl::memory::data_type::f32;
        const auto n = static_cast<dnnl::memory::dim>(weights.rows);
        const auto k = static_cast<dnnl::memory::dim>(weights.cols);
        const auto m = static_cast<dnnl::memory::dim>(x.rows);
        const Desc x_desc({m, k}, type, Tag::ab);
        const Desc y_desc({m, n}, type, Tag::ab);
        const dnnl::matmul::primitive_desc description(
            {x_desc, Desc({k, n}, type, Tag::any), y_desc}, engine_);
        dnnl::memory given({{k, n}, type, Tag::ba}, engine_, const_cast<float*>(weights.data));
        dnnl::memory packed(description.weights_desc(), engine_);
        dnnl::reorder(given, packed).execute(stream_, given, packed);
        stream_.wait();
        product_ = dnnl::matmul(description);
        arguments_ = {{DNNL_ARG_SRC, {x_desc, engine_, const_cast<float*>(x.data)}},
                      {DNNL_ARG_WEIGHTS, packed},
                      {DNNL_ARG_DST, {y_desc, engine_, y.data}}};
    }

    void run() {
        product_.execute(stream_, arguments_);
        stream_.wait();
    }

  private:
    dnnl::engine engine_;
    dnnl::stream stream_;
    dnnl::matmul product_;
    std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace mho::bench

#endif  // MHO_BENCH_PLAIN_PRODUCT_H
