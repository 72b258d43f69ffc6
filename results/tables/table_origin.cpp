#include "results/tables/table_origin.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "base/errors.h"
#include "base/files.h"
#include "results/store/small_file.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kLongestRecord = 1 << 20;  // bytes

// Every call of `tables` writes Table 1 and Table 2 in each format.
bool has_tables(const fs::path& folder) {
  static constexpr std::array kNames = {"table1.md", "table1.csv", "table1.tex", "table1.xlsx",
                                        "table2.md", "table2.csv", "table2.tex", "table2.xlsx"};
  std::error_code error;
  for (const char* name : kNames) {
    if (fs::exists(folder / name, error)) return true;
  }
  return false;
}

// nullopt if the folder has no record. Throws InputError if it has one that cannot be read.
std::optional<TableOrigin> recorded_origin(const fs::path& folder) {
  const fs::path file = folder / kOriginFile;
  const SmallFile found = read_small_file(file, kLongestRecord);
  if (!found.there) return std::nullopt;
  const json j = parse_small_json(found.bytes);
  try {
    return TableOrigin{j.at("store").get<std::string>(), j.at("journal"), j.at("grid"), j.at("identity")};
  } catch (const json::exception&) {
    throw InputError(fmt::format(
        "{}: does not say of which grid the tables beside it are; give another folder with --out", file.string()));
  }
}

std::string named(const TableOrigin& origin) {
  return fmt::format("grid {} ({}) of {}", origin.grid, origin.identity.substr(0, 12), origin.store.string());
}

bool same_store(const TableOrigin& a, const TableOrigin& b) {
  return (!a.journal.empty() && a.journal == b.journal) || a.store == b.store;
}

// FOLDER-grid2, or of another store FOLDER-STORE.
std::string other_folder(const fs::path& folder, const TableOrigin& origin, bool store_differs) {
  std::string name = folder.string();
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return store_differs ? fmt::format("{}-{}", name, origin.store.stem().string())
                       : fmt::format("{}-grid{}", name, origin.grid);
}

}  // namespace

TableOrigin origin_of(const Database& database, const fs::path& store, std::int64_t grid) {
  TableOrigin origin;
  origin.store = fs::absolute(store).lexically_normal();
  origin.journal = database.text("SELECT value FROM meta WHERE key = 'journal'").value_or("");
  origin.grid = grid;
  Statement identity = database.prepare("SELECT identity FROM grids WHERE grid_id = ?");
  identity.bind_all(grid);
  if (identity.step()) origin.identity = identity.text(0);
  origin.several_grids = database.integer("SELECT count(*) FROM grids").value_or(0) > 1;
  return origin;
}

std::string check_table_folder(const fs::path& folder, const TableOrigin& origin) {
  if (!has_tables(folder)) return "";
  const auto found = recorded_origin(folder);
  if (!found) {
    if (!origin.several_grids) {
      return fmt::format("the tables in {} do not say of which grid they are (an earlier version wrote them): replaced",
                         folder.string());
    }
    throw InputError(fmt::format(
        "{}: its tables do not say of which grid they are (an earlier version wrote them), and the store has several "
        "grids; give another folder: --out {}",
        folder.string(), other_folder(folder, origin, false)));
  }
  const bool ours = same_store(*found, origin);
  if (ours && found->identity == origin.identity) return "";
  throw InputError(fmt::format("{}: holds the tables of {}, these are of {}; give another folder: --out {}",
                               folder.string(), named(*found), named(origin), other_folder(folder, origin, !ours)));
}

void write_origin(const fs::path& folder, const TableOrigin& origin) {
  const json j = {{"store", origin.store.string()},
                  {"journal", origin.journal},
                  {"grid", origin.grid},
                  {"identity", origin.identity}};
  write_by_rename(FileCalls::real(), folder / kOriginFile,
                  j.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace mtlgrid
