// The only wrapper of the HDF5 C library: every call is checked, every handle owned.
//
// A call that fails throws Hdf5Error with the call, our file and line, and the library's own innermost message.
// HDF5's automatic printing to stderr is off from the first call on, for good: it would print pages, at the process's
// end too. One thread at a time: the library keeps one error stack and (as Debian builds it) has no locks.
//
// On damaged files the library itself may crash, or never return: files that nobody has checked are read in a
// process of their own (reader_process.h).
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid::hdf5 {

class Hdf5Error : public Error {
 public:
  Hdf5Error(const std::string& call, const std::string& library_text, std::source_location where, int number = 0);
  // HDF5's message alone, e.g. "truncated file: eof = 96, ...".
  const std::string& library_text() const { return library_text_; }
  // The errno of the system call that failed; 0 if none did: then the file itself is at fault.
  int number() const { return number_; }

 private:
  std::string library_text_;
  int number_;
};

// An attribute is there, but is not what was asked for; library_text() says what of it.
class AttributeError : public Hdf5Error {
 public:
  using Hdf5Error::Hdf5Error;
};

// A name leads into another file, or is a link of a kind that only another program knows; library_text() says where to.
class ForeignLink : public Hdf5Error {
 public:
  using Hdf5Error::Hdf5Error;
};

// A name is a soft link that leads to nothing, or in a circle; library_text() says where to.
class DeadLink : public Hdf5Error {
 public:
  using Hdf5Error::Hdf5Error;
};

// Switches the library's own printing off, and its work at the process's end. Must precede the first call.
void silence();

// The innermost message that the failed call left on HDF5's error stack; "no reason given" if there is none.
std::string error_text();
// The errno that an entry of HDF5's error stack names; 0 if none does.
int error_number();

// Runs `call` and throws Hdf5Error if it returns a negative value.
template <typename Call>
auto checked(const char* what, Call&& call, std::source_location where = std::source_location::current()) {
  silence();
  const auto result = call();
  if (result < 0) throw Hdf5Error(what, error_text(), where, error_number());
  return result;
}
#define MTLGRID_HDF5(CALL) ::mtlgrid::hdf5::checked(#CALL, [&] { return CALL; })

// Owns an identifier; closes it with the function it was given. Failing to close is not an error of the caller.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  Handle& operator=(Handle&&) = delete;
  ~Handle();
  hid_t get() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

// Read-only, without file locks (network file systems) unless HDF5_USE_FILE_LOCKING asks for them.
Handle open_file(const std::filesystem::path& file);
Handle create_file(const std::filesystem::path& file);  // must not exist

// A dataset of `file` by name; nullopt if the file has none of that name. Links are followed within the file alone:
// throws ForeignLink for others, and DeadLink for a soft link to nothing.
std::optional<Handle> find_dataset(const Handle& file, const char* name);
// Names at the top of the file, ascending: all, or the first `most` and one more.
std::vector<std::string> names_at_top(const Handle& file, std::size_t most);
std::vector<hsize_t> shape_of(const Handle& dataset);
bool has_float_type(const Handle& dataset);

// The 2-byte IEEE 754 type in this machine's byte order; HDF5 1.10 has no name for it.
Handle float16_type();

// Whether the object has an attribute of that name that holds a value: not h5py.Empty.
bool has_value(const Handle& object, const char* name);
// A scalar text attribute (of fixed or variable length); nullopt if the object has no attribute of that name, or one
// without a value (h5py.Empty). Throws AttributeError if the attribute is not a single text, or one of more than a
// thousand bytes.
std::optional<std::string> text_attribute(const Handle& object, const char* name);
// A scalar attribute that is a number; nullopt if there is none of that name, or it is something else.
std::optional<double> number_attribute(const Handle& object, const char* name);

// Whether the dataset is stored in exactly `type`, so that reading it as that converts nothing.
bool is_stored_as(const Handle& dataset, hid_t type);

// Reads rows [first, first + count) of a dataset [N, width], [1, N, width] or [width] as `memory_type`: out is
// [count, width].
void read_rows(const Handle& dataset, hsize_t first, hsize_t count, hsize_t width, hid_t memory_type, void* out);

// Writing. `values` are row-major of the given shape, converted to `file_type` by HDF5. No time is recorded: the same
// content gives the same bytes.
void write_dataset(const Handle& file, const char* name, std::vector<hsize_t> shape, hid_t file_type, hid_t memory_type,
                   const void* values);
void write_attribute(const Handle& object, const char* name, const std::string& text);  // variable length, UTF-8
void write_attribute(const Handle& object, const char* name, double value);
void write_attribute(const Handle& object, const char* name, std::int64_t value);

}  // namespace mtlgrid::hdf5
