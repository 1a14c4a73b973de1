#include "farm/step_names.h"

#include <algorithm>
#include <set>

namespace wetgate::farm {

std::vector<std::string> step_names(std::span<const Step> steps, std::size_t longest, char (*letter)(char)) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        std::string name = steps[i].name;
        std::transform(name.begin(), name.end(), name.begin(), letter);
        const std::string whole = name;
        bool too_long = name.size() > longest;
        for (std::size_t number = i + 1; too_long || taken.contains(name); number += steps.size()) {
            std::string tail = ".";
            tail += std::to_string(number);
            name = whole.substr(0, longest - tail.size()) + tail;
            too_long = false;
        }
        taken.insert(name);
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace wetgate::farm
