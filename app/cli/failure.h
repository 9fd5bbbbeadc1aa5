// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace sy::app {

/// A failure that knows what to do about it, in place of the advice that its kind would get.
class Failure : public std::runtime_error {
public:
    Failure(const std::string& sentence, std::string remedy_) : std::runtime_error(sentence), remedy(std::move(remedy_)) {}
    std::string remedy;
};

/// What a person can do about a failure, as one sentence for the command line.
std::string remedyFor(const std::exception& error);

} // namespace sy::app
