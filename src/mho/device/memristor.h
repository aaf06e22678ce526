// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_MEMRISTOR_H
#define MHO_DEVICE_MEMRISTOR_H

// Cells described by the motion of their state under voltage, for programming loops and hysteresis
// curves. x is the state, v the voltage, i the current:
//
//     linear ion drift   dx/dt = mu R_on / d^2 i f(x), v / i = R_on x + R_off (1 - x); at rest
//     below
//                        a threshold voltage (Strukov et al., Nature 453, 80, 2008)
//     vteam              dx/dt = k_off (v / v_off - 1)^a_off above v_off, k_on (v / v_on - 1)^a_on
//                        below v_on; v / i = R_off x / d + R_on (1 - x / d) (Kvatinsky et al.,
//                        TCAS-II 62, 786, 2015)
//     stanford           gap g: dg/dt = -v0 exp(-E_a / kT) sinh(gamma a0 q v / (t_ox kT)),
//                        gamma = gamma0 - beta (g / 1 nm)^3, T = T0 + |v i| R_th,
//                        i = I0 exp(-g / g0) sinh(v / V0) (Jiang et al., TED 63, 1884, 2016)

#include <variant>
#include <vector>

namespace mho {

/// f(x) slows a state down at its ends, x in [0, 1].
enum class Window { kNone, kJoglekar, kBiolek, kProdromakis };
/// Joglekar: 1 - (2x - 1)^(2p). Biolek: 1 - (x - step(-i))^(2p). Prodromakis: j (1 - ((x - 1/2)^2 +
/// 3/4)^p). `p` >= 1.
double window_value(Window window, double x, double current, int p, double j = 1.0);

struct LinearIonDrift {
    double mobility = 1e-14;  // m^2 / (V s)
    double length_m = 10e-9;
    double r_on_ohm = 100.0;
    double r_off_ohm = 16e3;
    double threshold_v = 0.55;
    Window window = Window::kJoglekar;
    int p = 1;
};

struct Vteam {
    double r_on_ohm = 50.0;
    double r_off_ohm = 1000.0;
    double length_m = 3e-9;
    double k_off = 5e-4;  // m / s
    double k_on = -10.0;
    double alpha_off = 1.0;
    double alpha_on = 3.0;
    double v_off = 0.02;
    double v_on = -0.2;
};

struct StanfordPku {
    double v0 = 10.0;  // m / s
    double activation_ev = 0.6;
    double hop_m = 0.25e-9;
    double oxide_m = 12e-9;
    double gamma0 = 16.0;
    double beta = 0.8;
    double r_thermal = 2.1e3;  // K / W
    double t0_k = 298.0;
    double i0_a = 1e-3;
    double g0_m = 0.25e-9;
    double v_scale = 0.25;
    double gap_min_m = 0.2e-9;
    double gap_max_m = 1.7e-9;
};

using Memristor = std::variant<LinearIonDrift, Vteam, StanfordPku>;

/// One cell: its state moves with the voltages that it sees. Throws ConfigError for parameters
/// without meaning, InputError for times and voltages that are not finite.
class MemristorCell {
  public:
    explicit MemristorCell(Memristor model, double state);

    /// State: x of the first (0 = off, 1 = on), place between on (0)
    /// and off (length) in m of vteam, gap in m.
    double state() const { return state_; }
    double current(double volt) const;
    /// Conductance at a small voltage.
    double conductance_s(double volt = 0.01) const;  // at a voltage other than 0
    /// Applies a voltage for a time, in steps of at most `step_s`; the state stays in its range.
    void apply(double volt, double duration_s, double step_s = 1e-4);

    const Memristor& model() const { return model_; }

  private:
    void advance(double volt, double dt);

    Memristor model_;
    double state_;
};

/// Currents along a train of voltages that are held for `step_s` each: the hysteresis curve.
std::vector<double> hysteresis(MemristorCell& cell,
                               const std::vector<double>& volts,
                               double step_s);

/// Outcome of a bounded programming loop.
struct ProgrammingResult {
    double conductance_s = 0;
    int pulses = 0;
    bool converged = false;
};

/// Pulses of +-volt until the conductance is within `tolerance` (relative) of the target, at most
/// `max_pulses`: a cell that never arrives is reported, not waited for.
ProgrammingResult program_to(MemristorCell& cell,
                             double target_s,
                             double volt,
                             double pulse_s,
                             double tolerance = 0.02,
                             int max_pulses = 1000);

}  // namespace mho

#endif  // MHO_DEVICE_MEMRISTOR_H
