#pragma once
#include <filesystem>

namespace wetgate {

// Note [Whose temp is it]
// A temp's name says who made it: ".NAME.HOST-KERNEL.PID-START.N.part". KERNEL is a hash of the machine's
// boot and of the process's namespace of process numbers, so that two containers of one host name, or a
// machine before and after a restart, are different hosts. START is when the process began, in ticks since
// that boot, so that a number that went to another process does not keep a temp for ever. A temp of this host
// goes when its process is gone. Whether a process of another host lives nobody here can know, and a shard on
// another machine may be writing: such a temp goes when it is older than any frame takes. Its age is counted
// by the file server's own clock (a new file's time against the temp's), so neither a wrong clock on this
// machine nor one that jumps can take a living shard's file. Should it happen all the same,
// AtomicFile::commit() finds its temp gone and the write is done again.

/// A hidden name beside `final_path`, never the same twice, never longer than a file system takes. Never
/// matched by *.exr.
std::filesystem::path temp_path_for(const std::filesystem::path& final_path);

/// Removes the temps in `folder` that nobody will finish: those of dead processes of this host, and those of
/// other hosts that were last written more than 12 hours ago. Faults are passed over: what stays is looked at
/// again in the next run.
void remove_orphan_temps(const std::filesystem::path& folder);

}  // namespace wetgate
