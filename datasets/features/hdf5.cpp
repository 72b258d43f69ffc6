#include "datasets/features/hdf5.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "datasets/features/lzf_filter.h"

namespace mtlgrid::hdf5 {
namespace {

// "H5Fopen(file.c_str(), ...)" to "H5Fopen"; the compiler's path of a source to its last two parts.
std::string described(const std::string& call, std::source_location where) {
  const std::filesystem::path source = where.file_name();
  return fmt::format("{} at {}/{}:{}", call.substr(0, call.find('(')), source.parent_path().filename().string(),
                     source.filename().string(), where.line());
}

herr_t take_innermost(unsigned depth, const H5E_error2_t* entry, void* text) {
  if (depth == 0 && entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
  return 0;
}

// Entries of failed system calls say "..., errno = 24, error message = 'Too many open files', ...".
herr_t take_number(unsigned /*depth*/, const H5E_error2_t* entry, void* number) {
  constexpr std::string_view kErrno = "errno = ";
  const std::string_view text = entry->desc == nullptr ? "" : entry->desc;
  const auto at = text.rfind(kErrno);  // the last one: the file's name stands before it
  if (at != text.npos)
    std::from_chars(text.data() + at + kErrno.size(), text.data() + text.size(), *static_cast<int*>(number));
  return 0;
}

struct Names {
  std::size_t most;
  std::vector<std::string> names;
};

herr_t take_name(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* out) {
  auto& [most, names] = *static_cast<Names*>(out);
  names.emplace_back(name);
  return names.size() > most ? 1 : 0;
}

// HDF5 calls this before it follows a link into another file.
herr_t refuse_other_file(const char* /*file*/, const char* /*group*/, const char* other, const char* object,
                         unsigned* /*flags*/, hid_t /*access*/, void* elsewhere) {
  *static_cast<std::string*>(elsewhere) = fmt::format("{} of file '{}'", object, other);
  return -1;
}

ForeignLink foreign_link(const std::string& target) {
  return {"H5Oopen", "to " + target, std::source_location::current()};
}

// Throws DeadLink if `name`, a soft link that could not be followed, leads to nothing: HDF5 says so of one whose target
// is absent, and that links are too many of one that leads back to itself.
void refuse_dead_link(const Handle& file, const char* name, const H5L_info_t& link, const Hdf5Error& e) {
  constexpr std::size_t kLongestTarget = 4096;
  const auto says = [&](const char* text) { return e.library_text().find(text) != std::string::npos; };
  const bool nothing = says("doesn't exist") || says("not found"), circle = says("too many");
  if (link.type != H5L_TYPE_SOFT || e.number() != 0 || (!nothing && !circle)) return;
  std::string target(std::min<std::size_t>(link.u.val_size, kLongestTarget), '\0');
  MTLGRID_HDF5(H5Lget_val(file.get(), name, target.data(), target.size(), H5P_DEFAULT));
  target.resize(std::min(target.size(), target.find('\0')));
  throw DeadLink("H5Oopen", fmt::format("to '{}'{}", target, circle ? ", in a circle" : ""),
                 std::source_location::current());
}

Handle scalar_space() { return {MTLGRID_HDF5(H5Screate(H5S_SCALAR)), H5Sclose}; }

Handle text_type() {
  Handle type(MTLGRID_HDF5(H5Tcopy(H5T_C_S1)), H5Tclose);
  MTLGRID_HDF5(H5Tset_size(type.get(), H5T_VARIABLE));
  MTLGRID_HDF5(H5Tset_cset(type.get(), H5T_CSET_UTF8));
  return type;
}

void write_scalar(const Handle& object, const char* name, hid_t file_type, hid_t memory_type, const void* value) {
  const Handle space = scalar_space();
  const Handle attribute(MTLGRID_HDF5(H5Acreate2(object.get(), name, file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT)),
                         H5Aclose);
  MTLGRID_HDF5(H5Awrite(attribute.get(), memory_type, value));
}

constexpr std::size_t kLongestText = 1000;      // of an attribute; guessed: names have a few dozen bytes
constexpr std::size_t kMostTextRoom = 1 << 16;  // of a fixed length, of which padding is a part
constexpr std::size_t kWidestNumber = 16;       // bytes of a long double

AttributeError bad_attribute(const char* name, const std::string& what) {
  return {"H5Aread", fmt::format("attribute '{}' {}", name, what), std::source_location::current()};
}

std::string read_variable_text(const Handle& attribute, const Handle& type) {
  char* text = nullptr;
  MTLGRID_HDF5(H5Aread(attribute.get(), type.get(), static_cast<void*>(&text)));
  std::string out = text == nullptr ? "" : std::string(text, ::strnlen(text, kLongestText + 1));
  H5free_memory(text);
  return out;
}

std::string read_fixed_text(const Handle& attribute, const Handle& type, const char* name) {
  const std::size_t room = H5Tget_size(type.get());
  if (room == 0 || room > kMostTextRoom) throw bad_attribute(name, fmt::format("is declared with {} bytes", room));
  std::string text(room, '\0');
  MTLGRID_HDF5(H5Aread(attribute.get(), type.get(), text.data()));
  text.resize(std::min(text.size(), text.find('\0')));
  if (MTLGRID_HDF5(H5Tget_strpad(type.get())) == H5T_STR_SPACEPAD) text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Hdf5Error::Hdf5Error(const std::string& call, const std::string& library_text, std::source_location where, int number)
    : Error(ErrorKind::fatal, fmt::format("HDF5: {} ({})", library_text, described(call, where))),
      library_text_(library_text),
      number_(number) {}

void silence() {
  // Where the system refused a read, or the file is damaged, a handle cannot be closed, and HDF5 would complain of it
  // at the process's end.
  static const herr_t kWithoutFarewell = H5dont_atexit();
  static_cast<void>(kWithoutFarewell);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string error_text() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, &text);
  return text.empty() ? "no reason given" : text;
}

int error_number() {
  int number = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_number, &number);
  return number;
}

Handle::~Handle() {
  if (id_ < 0) return;
  silence();
  close_(id_);
}

Handle open_file(const std::filesystem::path& file) {
  silence();
  register_lzf();
  const Handle access(MTLGRID_HDF5(H5Pcreate(H5P_FILE_ACCESS)), H5Pclose);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
  MTLGRID_HDF5(H5Pset_file_locking(access.get(), false, true));
#endif
  return {MTLGRID_HDF5(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get())), H5Fclose};
}

Handle create_file(const std::filesystem::path& file) {
  return {MTLGRID_HDF5(H5Fcreate(file.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT)), H5Fclose};
}

std::optional<Handle> find_dataset(const Handle& file, const char* name) {
  if (MTLGRID_HDF5(H5Lexists(file.get(), name, H5P_DEFAULT)) == 0) return std::nullopt;
  H5L_info_t link{};
  MTLGRID_HDF5(H5Lget_info(file.get(), name, &link, H5P_DEFAULT));
  if (link.type > H5L_TYPE_SOFT && link.type != H5L_TYPE_EXTERNAL) throw foreign_link("a kind that HDF5 does not have");
  // Soft links may lead through others, which the library would follow.
  std::string elsewhere;
  const Handle access(MTLGRID_HDF5(H5Pcreate(H5P_LINK_ACCESS)), H5Pclose);
  MTLGRID_HDF5(H5Pset_elink_cb(access.get(), refuse_other_file, &elsewhere));
  try {
    Handle object(MTLGRID_HDF5(H5Oopen(file.get(), name, access.get())), H5Oclose);
    if (H5Iget_type(object.get()) != H5I_DATASET) return std::nullopt;
    return object;
  } catch (const Hdf5Error& e) {
    if (!elsewhere.empty()) throw foreign_link(elsewhere);
    refuse_dead_link(file, name, link, e);
    throw;
  }
}

std::vector<std::string> names_at_top(const Handle& file, std::size_t most) {
  Names names{most, {}};
  MTLGRID_HDF5(H5Literate(file.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, take_name, &names));
  return std::move(names.names);
}

std::vector<hsize_t> shape_of(const Handle& dataset) {
  const Handle space(MTLGRID_HDF5(H5Dget_space(dataset.get())), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(MTLGRID_HDF5(H5Sget_simple_extent_ndims(space.get()))));
  if (!shape.empty()) MTLGRID_HDF5(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr));
  return shape;
}

bool has_float_type(const Handle& dataset) {
  const Handle type(MTLGRID_HDF5(H5Dget_type(dataset.get())), H5Tclose);
  return MTLGRID_HDF5(H5Tget_class(type.get())) == H5T_FLOAT;
}

Handle float16_type() {
  Handle type(MTLGRID_HDF5(H5Tcopy(H5T_NATIVE_FLOAT)), H5Tclose);
  // Sign in bit 15, 5 bits of exponent from bit 10, 10 bits of mantissa, bias 15.
  MTLGRID_HDF5(H5Tset_fields(type.get(), 15, 10, 5, 0, 10));
  MTLGRID_HDF5(H5Tset_size(type.get(), 2));
  MTLGRID_HDF5(H5Tset_ebias(type.get(), 15));
  return type;
}

bool is_stored_as(const Handle& dataset, hid_t type) {
  const Handle stored(MTLGRID_HDF5(H5Dget_type(dataset.get())), H5Tclose);
  return MTLGRID_HDF5(H5Tequal(stored.get(), type)) > 0;
}

void read_rows(const Handle& dataset, hsize_t first, hsize_t count, hsize_t width, hid_t memory_type, void* out) {
  // [N, D], or the last of these two dimensions, or one more before them.
  const hsize_t start[3] = {0, first, 0}, size[3] = {1, count, width};
  const Handle file_space(MTLGRID_HDF5(H5Dget_space(dataset.get())), H5Sclose);
  const int rank = MTLGRID_HDF5(H5Sget_simple_extent_ndims(file_space.get()));
  MTLGRID_HDF5(
      H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start + 3 - rank, nullptr, size + 3 - rank, nullptr));
  const Handle memory_space(MTLGRID_HDF5(H5Screate_simple(rank, size + 3 - rank, nullptr)), H5Sclose);
  MTLGRID_HDF5(H5Dread(dataset.get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, out));
}

bool has_value(const Handle& object, const char* name) {
  if (MTLGRID_HDF5(H5Aexists(object.get(), name)) == 0) return false;
  const Handle attribute(MTLGRID_HDF5(H5Aopen(object.get(), name, H5P_DEFAULT)), H5Aclose);
  const Handle space(MTLGRID_HDF5(H5Aget_space(attribute.get())), H5Sclose);
  return MTLGRID_HDF5(H5Sget_simple_extent_npoints(space.get())) > 0;
}

std::optional<std::string> text_attribute(const Handle& object, const char* name) {
  if (MTLGRID_HDF5(H5Aexists(object.get(), name)) == 0) return std::nullopt;
  const Handle attribute(MTLGRID_HDF5(H5Aopen(object.get(), name, H5P_DEFAULT)), H5Aclose);
  const Handle type(MTLGRID_HDF5(H5Aget_type(attribute.get())), H5Tclose);
  const Handle space(MTLGRID_HDF5(H5Aget_space(attribute.get())), H5Sclose);
  const auto values = MTLGRID_HDF5(H5Sget_simple_extent_npoints(space.get()));
  if (values == 0) return std::nullopt;
  if (values > 1 || MTLGRID_HDF5(H5Tget_class(type.get())) != H5T_STRING) {
    throw bad_attribute(name, "is not a single text");
  }
  const bool variable = MTLGRID_HDF5(H5Tis_variable_str(type.get())) > 0;
  std::string text = variable ? read_variable_text(attribute, type) : read_fixed_text(attribute, type, name);
  if (text.size() > kLongestText) throw bad_attribute(name, fmt::format("has more than {} bytes", kLongestText));
  return text;
}

std::optional<double> number_attribute(const Handle& object, const char* name) {
  if (MTLGRID_HDF5(H5Aexists(object.get(), name)) == 0) return std::nullopt;
  const Handle attribute(MTLGRID_HDF5(H5Aopen(object.get(), name, H5P_DEFAULT)), H5Aclose);
  const Handle type(MTLGRID_HDF5(H5Aget_type(attribute.get())), H5Tclose);
  const Handle space(MTLGRID_HDF5(H5Aget_space(attribute.get())), H5Sclose);
  const H5T_class_t kind = MTLGRID_HDF5(H5Tget_class(type.get()));
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  if (MTLGRID_HDF5(H5Sget_simple_extent_npoints(space.get())) != 1) return std::nullopt;
  if (H5Tget_size(type.get()) > kWidestNumber) return std::nullopt;
  double value = 0;
  MTLGRID_HDF5(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value));
  return value;
}

void write_dataset(const Handle& file, const char* name, std::vector<hsize_t> shape, hid_t file_type, hid_t memory_type,
                   const void* values) {
  const Handle space(MTLGRID_HDF5(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr)), H5Sclose);
  const Handle creation(MTLGRID_HDF5(H5Pcreate(H5P_DATASET_CREATE)), H5Pclose);
  MTLGRID_HDF5(H5Pset_obj_track_times(creation.get(), false));
  const Handle dataset(
      MTLGRID_HDF5(H5Dcreate2(file.get(), name, file_type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT)),
      H5Dclose);
  MTLGRID_HDF5(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
}

void write_attribute(const Handle& object, const char* name, const std::string& text) {
  const Handle type = text_type();
  const char* pointer = text.c_str();
  write_scalar(object, name, type.get(), type.get(), static_cast<const void*>(&pointer));
}

void write_attribute(const Handle& object, const char* name, double value) {
  write_scalar(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void write_attribute(const Handle& object, const char* name, std::int64_t value) {
  write_scalar(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

}  // namespace mtlgrid::hdf5
