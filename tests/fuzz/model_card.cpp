// Model cards: what is accepted can be built, and names weights beside the card.
#include "nets/model_card.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const fuzz::InputFile file("card.json", fuzz::bytes_of(data, size));
    wetgate::nets::ModelCard card;
    if (!fuzz::takes({wetgate::ErrorKind::Model},
                     [&] { card = wetgate::nets::read_model_card(file.path()); }))
        return 0;
    fuzz::require(card.name == "card", "a card has the name of its file");
    fuzz::require(card.weights.parent_path() == file.path().parent_path(), "weights lie beside their card");
    fuzz::require(card.sha256.size() == 64, "a hash has 64 digits");
    fuzz::require(card.shape.radius_px() >= 0 && card.shape.multiple() >= 1,
                  "a network has a reach and a step");
    return 0;
}
