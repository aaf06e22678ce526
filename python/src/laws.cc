// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "laws.h"

#include <fmt/format.h>

#include "mho/array/converter.h"
#include "mho/util/error.h"

namespace mho::python {

namespace {

FloatArray copy_of(std::span<const float> values) {
    return to_numpy(std::vector<float>(values.begin(), values.end()), {values.size()});
}

FloatArray copy_of(ConstFloatView view) {
    std::vector<float> values;
    values.reserve(view.rows * view.cols);
    for (size_t r = 0; r < view.rows; r++) {
        values.insert(values.end(), view.row(r), view.row(r) + view.cols);
    }
    return to_numpy(std::move(values), {view.rows, view.cols});
}

void fill(std::span<float> out, nb::handle values, const char* what) {
    const Input in(values, what);
    const std::span<const float> from = in.span();
    if (from.size() != out.size()) {
        throw InputError(
            fmt::format("{} must return {} numbers, got {}", what, out.size(), from.size()));
    }
    std::copy(from.begin(), from.end(), out.begin());
}

void fill(FloatView out, nb::handle values, const char* what) {
    const Input in(values, what);
    if (in.view().rows != out.rows || in.view().cols != out.cols) {
        throw InputError(fmt::format("{} must return [{}, {}] numbers, got [{}, {}]",
                                     what,
                                     out.rows,
                                     out.cols,
                                     in.view().rows,
                                     in.view().cols));
    }
    for (size_t r = 0; r < out.rows; r++) {
        std::copy_n(in.view().row(r), out.cols, out.row(r));
    }
}

std::vector<double> numbers(nb::handle values) {
    if (PyFloat_Check(values.ptr()) || PyLong_Check(values.ptr())) {
        return {nb::cast<double>(values)};
    }
    return nb::cast<std::vector<double>>(nb::list(values));
}

class PythonConductance final : public ConductanceLaw {
  public:
    explicit PythonConductance(nb::object law) : law_(std::move(law)) {}
    void program(double g_max_us,
                 std::span<const float> target_us,
                 std::span<const float> programming_normal,
                 std::span<const float> drift_normal,
                 std::span<float> programmed_us,
                 std::span<float> nu) const override {
        const nb::gil_scoped_acquire lock;
        const nb::tuple result(law_.attr("program")(
            g_max_us, copy_of(target_us), copy_of(programming_normal), copy_of(drift_normal)));
        if (result.size() != 2) {
            throw InputError("program must return two arrays: conductances (uS) and nu");
        }
        fill(programmed_us, result[0], "program (conductances)");
        fill(nu, result[1], "program (nu)");
    }
    void at_time(double g_max_us,
                 double t_s,
                 std::span<const float> target_us,
                 std::span<const float> programmed_us,
                 std::span<const float> nu,
                 std::span<const float> read_normal,
                 std::span<const float> relaxation_normal,
                 std::span<float> out_us) const override {
        const nb::gil_scoped_acquire lock;
        fill(out_us,
             law_.attr("at_time")(g_max_us,
                                  t_s,
                                  copy_of(target_us),
                                  copy_of(programmed_us),
                                  copy_of(nu),
                                  copy_of(read_normal),
                                  copy_of(relaxation_normal)),
             "at_time");
    }

  private:
    Held law_;
};

class PythonConverter final : public ConverterLaw {
  public:
    explicit PythonConverter(nb::object law) : law_(std::move(law)) {}
    std::vector<double> slice_factors() const override {
        const nb::gil_scoped_acquire lock;
        return numbers(law_.attr("slice_factors")());
    }
    double g_max_us() const override {
        const nb::gil_scoped_acquire lock;
        return nb::cast<double>(law_.attr("g_max_us"));
    }
    double g_min_us() const override {
        const nb::gil_scoped_acquire lock;
        return nb::cast<double>(law_.attr("g_min_us"));
    }
    ConductanceScale fit_scale(ConstFloatView weights) const override {
        const nb::gil_scoped_acquire lock;
        ConductanceScale scale;
        scale.us_per_weight = numbers(law_.attr("fit_scale")(copy_of(weights)));
        if (scale.us_per_weight.size() != 1 && scale.us_per_weight.size() != weights.rows) {
            throw InputError(
                fmt::format("fit_scale must return one number, or one per output ({}), got {}",
                            weights.rows,
                            scale.us_per_weight.size()));
        }
        return scale;
    }
    void to_slices(ConstFloatView weights,
                   const ConductanceScale& scale,
                   std::vector<Matrix<float>>& slices) const override {
        const nb::gil_scoped_acquire lock;
        const nb::list result(
            law_.attr("to_slices")(copy_of(weights), column_of(scale, weights.rows)));
        if (result.size() != slices.size()) {
            throw InputError(fmt::format(
                "to_slices must return {} arrays, got {}", slices.size(), result.size()));
        }
        for (size_t s = 0; s < slices.size(); s++) {
            fill(slices[s].view(), result[s], "to_slices");
        }
    }
    void to_weights(std::span<const Matrix<float>> slices,
                    const ConductanceScale& scale,
                    FloatView out) const override {
        const nb::gil_scoped_acquire lock;
        nb::list list;
        for (const Matrix<float>& s : slices) {
            list.append(copy_of(s.view()));
        }
        fill(out, law_.attr("to_weights")(list, column_of(scale, out.rows)), "to_weights");
    }

  private:
    // uS per weight of every row, [rows, 1]: it multiplies a matrix row by row.
    static FloatArray column_of(const ConductanceScale& scale, size_t rows) {
        std::vector<float> column(rows);
        for (size_t r = 0; r < rows; r++) {
            column[r] = static_cast<float>(scale.of_row(r));
        }
        return to_numpy(std::move(column), {rows, 1});
    }
    Held law_;
};

class PythonCompensation final : public CompensationLaw {
  public:
    explicit PythonCompensation(nb::object law) : law_(std::move(law)) {}
    std::vector<double> read(ConstFloatView outputs) const override {
        const nb::gil_scoped_acquire lock;
        return numbers(law_.attr("read")(copy_of(outputs)));
    }
    std::vector<double> factors(std::span<const double> baseline,
                                std::span<const double> present) const override {
        const nb::gil_scoped_acquire lock;
        return numbers(law_.attr("factors")(to_numpy({baseline.begin(), baseline.end()}),
                                            to_numpy({present.begin(), present.end()})));
    }

  private:
    Held law_;
};

template <class Law, class Base>
std::shared_ptr<const Base> adopt(nb::object law, const std::vector<const char*>& methods) {
    for (const char* method : methods) {
        if (!nb::hasattr(law, method)) {
            throw InputError(
                fmt::format("{} has no {}, which such a law must have", law_name(law), method));
        }
    }
    return std::make_shared<Law>(std::move(law));
}

}  // namespace

std::string law_name(nb::handle law) {
    if (nb::hasattr(law, "name")) {
        return nb::cast<std::string>(nb::str(law.attr("name")));
    }
    return nb::cast<std::string>(nb::str(law.type().attr("__name__")));
}

std::shared_ptr<const ConductanceLaw> conductance_law(nb::object law) {
    return adopt<PythonConductance, ConductanceLaw>(std::move(law), {"program", "at_time"});
}

std::shared_ptr<const ConverterLaw> converter_law(nb::object law) {
    return adopt<PythonConverter, ConverterLaw>(
        std::move(law),
        {"slice_factors", "g_max_us", "g_min_us", "fit_scale", "to_slices", "to_weights"});
}

std::shared_ptr<const CompensationLaw> compensation_law(nb::object law) {
    return adopt<PythonCompensation, CompensationLaw>(std::move(law), {"read", "factors"});
}

}  // namespace mho::python
