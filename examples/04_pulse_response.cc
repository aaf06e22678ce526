// How a training device answers to pulses: the curve that a data sheet would show. The program
// `mho devices` draws it.
#include <cstdio>

#include "mho/analysis/device_response.h"
#include "mho/net/training_presets.h"

int main() {
    const mho::PulsedDevice device = mho::pulsed_device_preset("reram es");
    mho::DeviceResponseOptions options;
    options.pulses = 400;
    options.cells = 100;
    const mho::DeviceResponse response = mho::measure_response(device, options);
    std::printf("%.4f per pulse, %.0f states, symmetric point %.2f\n",
                response.granularity,
                response.states,
                response.symmetric_point);
    std::printf("pulses   mean of cells (5 %% to 95 %%)\n");
    for (size_t i = 0; i < response.pulse.size(); i += 100) {
        std::printf("%6.0f   %6.3f (%6.3f to %6.3f)\n",
                    response.pulse[i],
                    response.spread.mean[i],
                    response.spread.low[i],
                    response.spread.high[i]);
    }
}
