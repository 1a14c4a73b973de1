#include <cstdio>

#include "cmd/verbs.h"
#include "core/error.h"
#include "core/escape.h"
#include "nets/model_store.h"

namespace wetgate::cmd {
namespace {

std::string shows_of(const nets::ModelCard& card) {
    if (!card.shows) return "any show";
    std::string shows;
    for (const std::string& show : *card.shows) shows += (shows.empty() ? "" : ", ") + show;
    return shows;
}

int list(const nets::ModelStore& store) {
    bool whole = true;
    for (const nets::StoredModel& model : store.list()) {
        if (model.card) {
            std::printf("%-20s %-8s %s; %s\n", model.card->name.c_str(), model.card->task.c_str(),
                        one_line(shows_of(*model.card)).c_str(), one_line(model.card->licence).c_str());
        } else {
            std::printf("%-20s %s\n", one_line(model.file.stem().string()).c_str(),
                        printable_lines(model.problem).c_str());
            whole = false;
        }
    }
    return whole ? 0 : exit_code(ErrorKind::Model);
}

void check(const nets::ModelStore& store, const nets::ModelCard& card) {
    if (card.shape.kind == nets::NetworkShape::Kind::Script) {
        nets::ModelStore::checked_weights(card);  // code is not loaded to be looked at
    } else {
        store.load(card, card.shows ? card.shows->front() : "");
    }
}

/// Cards, hashes, and that each network takes its weights; with every problem, not just the first.
int verify(const nets::ModelStore& store, const std::string& name) {
    bool whole = true;
    for (const nets::StoredModel& model : store.list()) {
        if (!name.empty() && model.file.stem() != name) continue;
        std::string problem = model.problem;
        try {
            if (model.card) check(store, *model.card);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Model) throw;
            problem = error.what();
        }
        std::printf("%-20s %s\n", one_line(model.file.stem().string()).c_str(),
                    problem.empty() ? "ok" : printable_lines(problem).c_str());
        whole = whole && problem.empty();
    }
    return whole ? 0 : exit_code(ErrorKind::Model);
}

}  // namespace

int models(const Options& options) {
    const nets::ModelStore store(nets::model_folder(options.models));
    if (options.models_verb == "list") return list(store);
    std::optional<nets::ModelCard> card;
    if (!options.model.empty()) card = store.card(options.model);  // refuses a name that is not there
    if (options.models_verb == "verify") return verify(store, options.model);
    std::printf("%s\n", card->json.dump(2).c_str());
    return 0;
}

}  // namespace wetgate::cmd
