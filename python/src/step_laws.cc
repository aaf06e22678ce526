// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Devices that move by pulses, with a step law that the user writes in Python (mho.StepLaw). The
// configuration comes as JSON, which cannot hold a law: laws come beside it.
#include "laws.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho::python {

namespace {

class PythonStep final : public StepLaw {
  public:
    explicit PythonStep(nb::object law) : law_(std::move(law)) {}
    float pulse(float weight, bool up, float step, float min_bound, float max_bound, float normal)
        const override {
        const nb::gil_scoped_acquire lock;
        return nb::cast<float>(law_.attr("pulse")(weight, up, step, min_bound, max_bound, normal));
    }

  private:
    Held law_;
};

bool is_user_step(const Json& device) {
    return device.is_object() && device.contains("model") &&
           device["model"] == Schema<UserStep>::name;
}

// Gives laws away one after the other.
class Laws {
  public:
    explicit Laws(const nb::list& laws) : laws_(laws) {}
    UserStep device(Json json, const std::string& path) {
        if (next_ >= laws_.size()) {
            throw ConfigError(join_path(path, "law"),
                              "model `user step` needs a law: put an mho.StepLaw in the place of "
                              "the device");
        }
        UserStep user;
        user.law = step_law(nb::object(laws_[next_++]));
        json.erase("model");
        read_struct_or_throw(json, user, path);
        return user;
    }

  private:
    const nb::list& laws_;
    size_t next_ = 0;
};

}  // namespace

std::shared_ptr<const StepLaw> step_law(nb::object law) {
    if (!nb::hasattr(law, "pulse")) {
        throw InputError(law_name(law) + " has no pulse, which such a law must have");
    }
    return std::make_shared<PythonStep>(std::move(law));
}

PulsedDevice device_with_laws(const std::string& text, const nb::list& laws) {
    Json json = parse_json(text, "device");
    if (!is_user_step(json)) {
        return pulsed_device_from_json(text);
    }
    return Laws(laws).device(std::move(json), "device");
}

LearnerConfig learner_with_laws(const std::string& text, const nb::list& laws) {
    Json json = parse_json(text, "learning");
    Laws source(laws);
    // What the core cannot read from JSON is put in its place afterwards.
    std::map<size_t, UserStep> users;
    const auto take = [&](Json& device, size_t index, const std::string& path) {
        if (is_user_step(device)) {
            users.emplace(index, source.device(device, path));
            device = {{"model", Schema<ConstantStep>::name}};
        }
    };
    if (json.is_object() && json.contains("device")) {
        take(json["device"], 0, "learning.device");
    }
    if (json.is_object() && json.contains("devices") && json["devices"].is_array()) {
        for (size_t i = 0; i < json["devices"].size(); i++) {
            take(json["devices"][i], i, "learning.devices[" + std::to_string(i) + "]");
        }
    }
    LearnerConfig config = learner_from_json_with_presets(json.dump());
    std::visit(
        [&](auto& c) {
            for (auto& [index, user] : users) {
                if constexpr (requires { c.devices; }) {
                    c.devices[index] = user;
                } else if constexpr (requires { c.device; }) {
                    c.device = user;
                }
            }
        },
        config);
    return config;
}

}  // namespace mho::python
