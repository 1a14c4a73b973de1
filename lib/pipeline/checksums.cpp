#include "pipeline/checksums.h"

#include <algorithm>
#include <array>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/escape.h"
#include "core/hash.h"
#include "core/read_file.h"
#include "core/retry.h"
#include "core/running_hash.h"
#include "media/md5.h"
#include "pipeline/record.h"
#include "spec/output_names.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

// ASC MHL 2.0 (schema ASCMHL.xsd of the ASC's reference implementation): creator, process, then one entry a
// file with its path relative to the list. The schema wants a host; which machine made a frame must not
// change a byte.
std::string mhl_of(const spec::JobSpec& job, const std::vector<ListedFile>& files) {
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\">\n"
        "  <creatorinfo>\n"
        "    <creationdate>" +
        xml_escaped(job.date) +
        "</creationdate>\n"
        "    <hostname>not recorded</hostname>\n"
        "    <tool version=\"" WETGATE_VERSION
        "\">wetgate</tool>\n"
        "  </creatorinfo>\n"
        "  <processinfo>\n"
        "    <process>flatten</process>\n"
        "  </processinfo>\n"
        "  <hashes>\n";
    for (const ListedFile& file : files) {
        xml += "    <hash>\n      <path size=\"" + std::to_string(file.bytes) + "\">" +
               xml_escaped(file.path.filename().string()) + "</path>\n      <xxh128 action=\"original\">" +
               file.xxh128 + "</xxh128>\n    </hash>\n";
    }
    return xml + "  </hashes>\n</hashlist>\n";
}

// As md5sum and xxhsum read it; a backslash in a name doubles, and marks the line.
std::string line_of(const std::string& hash, const std::string& name) {
    std::string escaped;
    for (const char c : name) escaped += c == '\\' ? std::string("\\\\") : std::string(1, c);
    return (escaped == name ? "" : "\\") + hash + "  " + escaped + "\n";
}

}  // namespace

std::string file_hash(const fs::path& file) {
    constexpr std::int64_t piece_bytes = std::int64_t{1} << 20;
    return with_retries(default_io_retries, [&] {
        ReadFile input(file);
        RunningHash hash;
        std::vector<std::byte> piece;
        while (input.left() > 0) {
            piece.resize(static_cast<std::size_t>(std::min(input.left(), piece_bytes)));
            input.read(piece);
            hash.add(piece);
        }
        return hash.text();
    });
}

nlohmann::json write_checksums(const spec::JobSpec& job, const spec::OutputSpec& output,
                               std::vector<ListedFile> files) {
    std::sort(files.begin(), files.end(),
              [](const ListedFile& a, const ListedFile& b) { return a.path.filename() < b.path.filename(); });
    const bool is_md5 = output.checksums == "md5";
    std::string text;
    for (ListedFile& file : files) {
        if (file.xxh128.empty() && !is_md5) file.xxh128 = file_hash(file.path);
        if (output.checksums == "mhl") continue;
        const auto md5 = [&] { return media::md5_of(file.path); };
        text += line_of(is_md5 ? with_retries(default_io_retries, md5) : file.xxh128,
                        file.path.filename().string());
    }
    if (output.checksums == "mhl") text = mhl_of(job, files);
    const fs::path list = spec::checksum_file(output);
    write_atomic(list, text);
    return {{"kind", output.checksums},
            {"file", path_from_job(job, list)},
            {"files", files.size()},
            {"hash", content_hash(text)}};
}

}  // namespace wetgate::pipeline
