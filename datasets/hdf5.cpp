#include "datasets/hdf5.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "datasets/lzf_filter.h"

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

herr_t take_name(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
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

std::string read_variable_text(const Handle& attribute, const Handle& type) {
  char* text = nullptr;
  MTLGRID_HDF5(H5Aread(attribute.get(), type.get(), static_cast<void*>(&text)));
  const std::string out = text == nullptr ? "" : text;
  H5free_memory(text);
  return out;
}

std::string read_fixed_text(const Handle& attribute, const Handle& type) {
  std::string text(H5Tget_size(type.get()), '\0');
  MTLGRID_HDF5(H5Aread(attribute.get(), type.get(), text.data()));
  text.resize(std::min(text.size(), text.find('\0')));
  if (H5Tget_strpad(type.get()) == H5T_STR_SPACEPAD) text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Hdf5Error::Hdf5Error(const std::string& call, const std::string& library_text, std::source_location where, int number)
    : Error(ErrorKind::fatal, fmt::format("HDF5: {} ({})", library_text, described(call, where))),
      library_text_(library_text),
      number_(number) {}

Quiet::Quiet() {
  // Where the system refused a read, a handle cannot be closed, and HDF5 would complain of it at the process's end.
  static const herr_t kWithoutFarewell = H5dont_atexit();
  static_cast<void>(kWithoutFarewell);
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Quiet::~Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

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
  const Quiet quiet;
  close_(id_);
}

Handle open_file(const std::filesystem::path& file) {
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
  Handle object(MTLGRID_HDF5(H5Oopen(file.get(), name, H5P_DEFAULT)), H5Oclose);
  if (H5Iget_type(object.get()) != H5I_DATASET) return std::nullopt;
  return object;
}

std::vector<std::string> names_at_top(const Handle& file) {
  std::vector<std::string> names;
  MTLGRID_HDF5(H5Literate(file.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, take_name, &names));
  return names;
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

Storage storage_of(const Handle& dataset) {
  const Handle type(MTLGRID_HDF5(H5Dget_type(dataset.get())), H5Tclose);
  const Handle creation(MTLGRID_HDF5(H5Dget_create_plist(dataset.get())), H5Pclose);
  return {H5Dget_storage_size(dataset.get()), H5Tget_size(type.get()),
          MTLGRID_HDF5(H5Pget_nfilters(creation.get())) > 0};
}

hsize_t rows_of_chunk(const Handle& dataset) {
  const Handle creation(MTLGRID_HDF5(H5Dget_create_plist(dataset.get())), H5Pclose);
  if (MTLGRID_HDF5(H5Pget_layout(creation.get())) != H5D_CHUNKED) return 1;
  std::vector<hsize_t> chunk(shape_of(dataset).size());
  MTLGRID_HDF5(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()));
  return chunk.empty() ? 1 : chunk[0];
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

void read_all(const Handle& dataset, hid_t memory_type, void* out) {
  MTLGRID_HDF5(H5Dread(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out));
}

void read_rows(const Handle& dataset, hsize_t first, hsize_t count, hsize_t width, hid_t memory_type, void* out) {
  const hsize_t start[2] = {first, 0}, size[2] = {count, width};
  const Handle file_space(MTLGRID_HDF5(H5Dget_space(dataset.get())), H5Sclose);
  MTLGRID_HDF5(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start, nullptr, size, nullptr));
  const Handle memory_space(MTLGRID_HDF5(H5Screate_simple(2, size, nullptr)), H5Sclose);
  MTLGRID_HDF5(H5Dread(dataset.get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, out));
}

std::optional<std::string> text_attribute(const Handle& object, const char* name) {
  if (MTLGRID_HDF5(H5Aexists(object.get(), name)) == 0) return std::nullopt;
  const Handle attribute(MTLGRID_HDF5(H5Aopen(object.get(), name, H5P_DEFAULT)), H5Aclose);
  const Handle type(MTLGRID_HDF5(H5Aget_type(attribute.get())), H5Tclose);
  const Handle space(MTLGRID_HDF5(H5Aget_space(attribute.get())), H5Sclose);
  const auto values = MTLGRID_HDF5(H5Sget_simple_extent_npoints(space.get()));
  if (values == 0) return std::nullopt;
  if (values > 1 || MTLGRID_HDF5(H5Tget_class(type.get())) != H5T_STRING) {
    throw AttributeError("H5Aread", fmt::format("attribute '{}' is not a single text", name),
                         std::source_location::current());
  }
  const bool variable = MTLGRID_HDF5(H5Tis_variable_str(type.get())) > 0;
  return variable ? read_variable_text(attribute, type) : read_fixed_text(attribute, type);
}

std::optional<double> number_attribute(const Handle& object, const char* name) {
  if (MTLGRID_HDF5(H5Aexists(object.get(), name)) == 0) return std::nullopt;
  const Handle attribute(MTLGRID_HDF5(H5Aopen(object.get(), name, H5P_DEFAULT)), H5Aclose);
  const Handle type(MTLGRID_HDF5(H5Aget_type(attribute.get())), H5Tclose);
  const Handle space(MTLGRID_HDF5(H5Aget_space(attribute.get())), H5Sclose);
  const H5T_class_t kind = MTLGRID_HDF5(H5Tget_class(type.get()));
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  if (MTLGRID_HDF5(H5Sget_simple_extent_npoints(space.get())) != 1) return std::nullopt;
  double value = 0;
  MTLGRID_HDF5(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value));
  return value;
}

void write_dataset(const Handle& file, const char* name, std::vector<hsize_t> shape, hid_t file_type, hid_t memory_type,
                   const void* values) {
  const Handle space(MTLGRID_HDF5(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr)), H5Sclose);
  const Handle dataset(
      MTLGRID_HDF5(H5Dcreate2(file.get(), name, file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)),
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
