// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_PYTHON_LAWS_H
#define MHO_PYTHON_LAWS_H

// Laws that a user writes in Python: objects with the methods of the classes in mho/laws.py. They
// are called from any thread, with the interpreter's lock taken for the call.

#include <memory>

#include "bindings.h"
#include "mho/array/converter_config.h"
#include "mho/device/user_conductance.h"
#include "mho/tile/compensation_law.h"

namespace mho::python {

std::shared_ptr<const ConductanceLaw> conductance_law(nb::object law);
std::shared_ptr<const ConverterLaw> converter_law(nb::object law);
std::shared_ptr<const CompensationLaw> compensation_law(nb::object law);
/// `name` of the object, else the name of its class.
std::string law_name(nb::handle law);

}  // namespace mho::python

#endif  // MHO_PYTHON_LAWS_H
