#include "nets/model_store.h"

#include <doctest/doctest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "nets/sha256.h"
#include "nets/tiny_model.h"
#include "support/refusal.h"
#include "support/temp_folder.h"

namespace wetgate::tests {
namespace {

using nets::ModelStore;
using nlohmann::json;

std::string weights() {
    return nets::serialize_safetensors(tiny_srnet_weights(0.1F), nets::Storage::Float16);
}

json card_of(const std::string& name) {
    const std::string bytes = weights();
    return {{"schema", "wetgate.model_card/1"},
            {"name", name},
            {"task", "upscale"},
            {"architecture", "srnet"},
            {"hyper_parameters", tiny_srnet()},
            {"weights", name + ".safetensors"},
            {"sha256", nets::sha256(std::as_bytes(std::span(bytes)))},
            {"contract", {{"input", "R G B"}, {"output", "R G B"}, {"coding", {"display"}}, {"frames", 1}}},
            {"licence", "CC0-1.0"},
            {"scope", {{"shows", "*"}}},
            {"training", {{"data", "none"}, {"recipe", "a wave"}}}};
}

void put(const TempFolder& folder, const json& card, const std::string& file) {
    write_atomic(folder / (file + ".json"), card.dump());
    write_atomic(folder / (file + ".safetensors"), weights());
}

}  // namespace

TEST_CASE("SHA-256 of the standard's examples") {
    const auto of = [](std::string_view text) { return nets::sha256(std::as_bytes(std::span(text))); };
    CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a model is listed, shown and loaded") {
    const TempFolder folder;
    put(folder, card_of("tiny"), "tiny");
    const ModelStore store(folder.path());
    const auto models = store.list();
    REQUIRE(models.size() == 1);
    REQUIRE(models[0].card);
    CHECK(models[0].card->task == "upscale");
    CHECK(store.load(store.card("tiny"), "any").shape().scale() == 2);
    CHECK(refusal(ErrorKind::Model, [&] { store.card("tinny"); }).find("tiny") != std::string::npos);
    CHECK(refusal(ErrorKind::Model, [&] { ModelStore(folder / "none"); }).find("--models") !=
          std::string::npos);
}

TEST_CASE("altered weights, missing weights and other shows are refused") {
    const TempFolder folder;
    json card = card_of("tiny");
    card["scope"]["shows"] = {"ours"};
    put(folder, card, "tiny");
    const ModelStore store(folder.path());
    CHECK(refusal(ErrorKind::Model, [&] { store.load(store.card("tiny"), "ours"); }).empty());
    CHECK(refusal(ErrorKind::Model, [&] {
              store.load(store.card("tiny"), "theirs");
          }).find("may not run on show 'theirs'") != std::string::npos);
    CHECK(refusal(ErrorKind::Model, [&] { store.load(store.card("tiny"), ""); }).find("may not run") !=
          std::string::npos);
    std::string bytes = weights();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_atomic(folder / "tiny.safetensors", bytes);
    CHECK(refusal(ErrorKind::Model, [&] {
              store.load(store.card("tiny"), "ours");
          }).find("not those of its card") != std::string::npos);
    std::filesystem::remove(folder / "tiny.safetensors");
    CHECK(refusal(ErrorKind::Model, [&] {
              store.load(store.card("tiny"), "ours");
          }).find("tiny.safetensors") != std::string::npos);
}

TEST_CASE("a card with faults tells all of them, and does not hide the others") {
    const TempFolder folder;
    put(folder, card_of("good"), "good");
    json card = card_of("bad");
    card.erase("licence");
    card["contract"]["frames"] = 0;
    card["license"] = "CC0-1.0";
    put(folder, card, "bad");
    const auto models = ModelStore(folder.path()).list();
    REQUIRE(models.size() == 2);
    CHECK_FALSE(models[0].card);
    for (const char* part : {"licence", "/contract/frames", "license"})
        CHECK(models[0].problem.find(part) != std::string::npos);
    CHECK(models[1].card);
}

TEST_CASE("a card cannot name a file elsewhere, nor another model") {
    const TempFolder folder;
    for (const std::string name : {"../tiny.safetensors", "/etc/passwd", "..", ".hidden", "a/b"}) {
        json card = card_of("tiny");
        card["weights"] = name;
        put(folder, card, "tiny");
        CHECK(refusal(ErrorKind::Model, [&] { ModelStore(folder.path()).card("tiny"); }).find("/weights") !=
              std::string::npos);
    }
    put(folder, card_of("other"), "tiny");
    CHECK(refusal(ErrorKind::Model, [&] { ModelStore(folder.path()).card("tiny"); }).find("/name") !=
          std::string::npos);
    write_atomic(folder / "tiny.json", std::string_view("{"));
    CHECK(refusal(ErrorKind::Model, [&] { ModelStore(folder.path()).card("tiny"); }) != "");
}

}  // namespace wetgate::tests
