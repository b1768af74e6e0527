#include "config/discover.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "config/resolve_codes.hpp"

namespace weir::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_size = 64 << 20;

/// A place in a file that cannot be shown: only its path is known.
span place_of(findings& found, const std::string& path) {
    auto file = std::make_shared<source_file>(source_file{path, {}});
    span at;
    at.file = file.get();
    found.keep(std::move(file));
    return at;
}

std::string reason_of(int error) {
    std::string text = std::strerror(error);
    if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z')
        text.front() = static_cast<char>(text.front() | 0x20);
    return text;
}

void report(findings& found, const std::string& path, int error) {
    if (error == ENOENT || error == ENOTDIR) {
        auto& f = found.error(codes::path_missing, path + " does not exist", place_of(found, path));
        f.help = "correct the path";
        return;
    }
    auto& f = found.error(codes::path_unreadable,
                          "failed to list InferencePool, InferenceObjective, Pod: " + path +
                              " is forbidden (" + reason_of(error) + ")",
                          place_of(found, path));
    f.help = "let the user that runs weir read it: chmod a+r FILE, chmod a+rx FOLDER";
}

void report_pipe(findings& found, const std::string& path) {
    auto& f =
        found.error(codes::path_unreadable, path + " is a pipe, and was none when weir started",
                    place_of(found, path));
    f.help = "pipes are read once, at the start: put a file there";
}

/// What can be read only once, standard input and pipes, is kept for the loads that follow.
source_ptr& kept_stream(const std::string& path) {
    static std::map<std::string, source_ptr> kept;
    return kept[path];
}

class file_reader {
  public:
    file_reader(findings& found, pipe_rule pipes) : found_(found), pipes_(pipes) {}

    void take(const std::string& path) {
        if (path == "-") return take_stdin();
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) return report(found_, path, errno);
        if (S_ISDIR(info.st_mode)) {
            const auto before = sources_.size() + found_.list().size() + repeated_;
            take_folder(path, {info.st_dev, info.st_ino});
            if (sources_.size() + found_.list().size() + repeated_ == before) report_empty(path);
        } else {
            take_file(path, info);
        }
    }

    std::vector<source_ptr> finish() { return std::move(sources_); }

  private:
    using identity = std::pair<dev_t, ino_t>;

    void take_stdin() {
        if (std::exchange(stdin_taken_, true) || take_kept("<stdin>")) return;
        keep("<stdin>", STDIN_FILENO);
    }

    /// Before anything is opened: a pipe whose writer is gone would never answer again.
    bool take_kept(const std::string& path) {
        const auto& kept = kept_stream(path);
        if (kept != nullptr) sources_.push_back(kept);
        return kept != nullptr;
    }

    void keep(const std::string& path, int fd) {
        if (add(path, fd)) kept_stream(path) = sources_.back();
    }

    void take_file(const std::string& path, const struct stat& info) {
        const bool regular = S_ISREG(info.st_mode);
        if (regular && !seen_.insert({info.st_dev, info.st_ino}).second) {
            ++repeated_;
            return;
        }
        if (!regular && take_kept(path)) return;
        if (!regular && pipes_ == pipe_rule::refuse) return report_pipe(found_, path);
        // A pipe may have taken the place of the file since it was looked at.
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (regular ? O_NONBLOCK : 0));
        if (fd < 0) return report(found_, path, errno);
        if (regular) {
            add(path, fd);
        } else {
            keep(path, fd);
        }
        ::close(fd);
    }

    void take_folder(const std::string& path, const identity& id) {
        if (!folders_.insert(id).second) return;  // a link back to a folder above
        std::error_code ec;
        std::vector<std::string> names;
        for (fs::directory_iterator it(path, ec), end; !ec && it != end; it.increment(ec)) {
            auto name = it->path().filename().string();
            if (!name.starts_with('.')) names.push_back(std::move(name));
        }
        if (ec) return report(found_, path, ec.value());
        std::sort(names.begin(), names.end());
        for (const auto& name : names) take_entry((fs::path(path) / name).string());
    }

    void take_entry(const std::string& path) {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            // A link to nothing, or a file that went away while the folder was read.
            if (errno != ENOENT) report(found_, path, errno);
            return;
        }
        if (S_ISDIR(info.st_mode)) return take_folder(path, {info.st_dev, info.st_ino});
        if (S_ISREG(info.st_mode) && is_manifest(path)) take_file(path, info);
    }

    static bool is_manifest(std::string_view path) {
        return path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json");
    }

    bool add(const std::string& path, int fd) {
        source_file file{path, {}};
        std::array<char, 65536> block{};
        for (;;) {
            const auto n = ::read(fd, block.data(), block.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) {
                report(found_, path, errno);
                return false;
            }
            if (n == 0) break;
            file.text.append(block.data(), static_cast<std::size_t>(n));
            if (file.text.size() <= max_file_size) continue;
            auto& f = found_.error(codes::file_too_large, path + " is larger than 64 MiB",
                                   place_of(found_, path));
            f.help = "split it into several files";
            return false;
        }
        sources_.push_back(std::make_shared<const source_file>(std::move(file)));
        return true;
    }

    void report_empty(const std::string& path) {
        auto& f = found_.warning(codes::folder_empty,
                                 "folder " + path + " holds no .yaml, .yml or .json file",
                                 place_of(found_, path));
        f.help = "names that begin with a dot are skipped";
    }

    findings& found_;
    const pipe_rule pipes_;
    std::vector<source_ptr> sources_;
    std::set<identity> seen_;
    std::set<identity> folders_;
    std::size_t repeated_ = 0;
    bool stdin_taken_ = false;
};

}  // namespace

std::vector<source_ptr> read_sources(const std::vector<std::string>& filenames, findings& found,
                                     pipe_rule pipes) {
    file_reader reader(found, pipes);
    for (const auto& name : filenames) reader.take(name);
    return reader.finish();
}

source_ptr read_source(const std::string& path, findings& found, pipe_rule pipes) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
        found.error(codes::not_a_picker_config, path + " is a folder", place_of(found, path)).help =
            "name the file that is the EndpointPickerConfig";
        return nullptr;
    }
    auto sources = read_sources({path}, found, pipes);
    return sources.empty() ? nullptr : sources.front();
}

}  // namespace weir::config
