#include "core/system_error.h"

#include <cerrno>
#include <optional>
#include <system_error>

namespace wetgate {
namespace {

// What says nothing of the file itself. NFS gives the first three; SMB and FUSE mounts whose server went away
// give the others.
std::optional<ErrorKind> kind_of_circumstance(int error_number) {
    switch (error_number) {
        case ESTALE:
        case EIO:
        case ETIMEDOUT:
        case EREMOTEIO:
        case ECONNRESET:
        case ECONNABORTED:
        case ENOTCONN:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
        case EAGAIN:
        case EMFILE:
        case ENFILE:
            return ErrorKind::Temporary;
        case ENOMEM:
            return ErrorKind::OutOfMemory;
        default:
            return std::nullopt;
    }
}

std::string sentence(std::string_view step, int error_number) {
    return "cannot " + std::string(step) + " the file: " + describe_error(error_number);
}

}  // namespace

ErrorKind read_error_kind(int error_number) {
    return kind_of_circumstance(error_number).value_or(ErrorKind::Input);
}

ErrorKind write_error_kind(int error_number) {
    return kind_of_circumstance(error_number).value_or(ErrorKind::Output);
}

std::string describe_error(int error_number) {
    std::string text = std::generic_category().message(error_number);
    switch (error_number) {
        case ENOSPC:
        case EDQUOT:
            return text + "; free space and run the same command again";
        case EFBIG:
            return text + "; raise the limit of file sizes (ulimit -f)";
        case EACCES:
        case EPERM:
        case EROFS:
            return text + "; check the folder's permissions";
        case EMFILE:
        case ENFILE:
            return text + "; raise the limit of open files (ulimit -n)";
        default:
            return text;
    }
}

Error read_error(std::string_view step, int error_number, ErrorContext context) {
    return Error(read_error_kind(error_number), sentence(step, error_number), std::move(context));
}

Error write_error(std::string_view step, int error_number, ErrorContext context) {
    return Error(write_error_kind(error_number), sentence(step, error_number), std::move(context));
}

}  // namespace wetgate
