#pragma once
#include <OpenColorIO/OpenColorIO.h>

#include <string>

#include "color/builtin_spaces.h"
#include "color/color.h"

namespace wetgate::color {

struct Config::Impl {
    OCIO_NAMESPACE::ConstConfigRcPtr ocio;
    std::string name;  ///< for messages: "the built-in config", a path
    bool is_builtin = false;
};

}  // namespace wetgate::color
