// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_PYTHON_LAWS_H
#define MHO_PYTHON_LAWS_H

// Laws that a user writes in Python: objects with the methods of the classes in mho/laws.py. They
// are called from any thread, with the interpreter's lock taken for the call.

#include <memory>

#include "bindings.h"
#include "mho/array/converter_config.h"
#include "mho/device/pulsed_device.h"
#include "mho/device/user_conductance.h"
#include "mho/tile/compensation_law.h"
#include "mho/train/learner.h"

namespace mho::python {

/// A Python object that may be released by a thread without the interpreter's lock.
class Held {
  public:
    explicit Held(nb::object object) : object_(std::move(object)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        const nb::gil_scoped_acquire lock;
        object_.reset();
    }
    nb::object attr(const char* name) const { return nb::object(object_.attr(name)); }

  private:
    nb::object object_;
};

std::shared_ptr<const ConductanceLaw> conductance_law(nb::object law);
std::shared_ptr<const ConverterLaw> converter_law(nb::object law);
std::shared_ptr<const CompensationLaw> compensation_law(nb::object law);
std::shared_ptr<const StepLaw> step_law(nb::object law);
/// A pulsed device from JSON; one of the model `user step` takes the first of `laws`.
PulsedDevice device_with_laws(const std::string& json, const nb::list& laws);
/// A learner from JSON; its devices of the model `user step` take `laws` one after the other.
LearnerConfig learner_with_laws(const std::string& json, const nb::list& laws);
/// `name` of the object, else the name of its class.
std::string law_name(nb::handle law);

}  // namespace mho::python

#endif  // MHO_PYTHON_LAWS_H
