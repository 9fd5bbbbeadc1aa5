// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/grammar.h"

#include <string_view>

namespace sy::generate {

/// The JSON texts that a schema allows, or rather a part of them that reads well and cannot go on for ever:
///
/// - At most one space behind ':' and ',', and no other white space.
/// - Properties in the schema's order. Others only when "additionalProperties" asks for them (or nothing but it speaks about
///   properties), behind those that are named.
/// - Numbers of up to 18 digits before the point.
/// - A "format" that text alone decides is kept (date, time, date-time, uuid, ipv4, email, duration) unless a "pattern" is
/// there; others
///   are accepted and say nothing.
///
/// Understood: type (also lists), properties, required, additionalProperties, propertyNames, min/maxProperties, items,
/// prefixItems, min/maxItems, min/maxLength, pattern, format, minimum, maximum, exclusive…, multipleOf, enum, const, anyOf,
/// oneOf, allOf, $ref within the document, $defs, nullable. Throws Unsupported for what has an effect and is not understood,
/// naming keyword and path; BadFile for text that is no schema and for a schema that no value satisfies.
Grammar compileSchema(std::string_view schema);

} // namespace sy::generate
