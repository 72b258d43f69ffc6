// Query results as text tables, CSV or JSON.
#pragma once

#include <string>

#include "results/status/query.h"

namespace mtlgrid {

// table: aligned columns; control characters, direction overrides and invalid UTF-8 are escaped, so that a
// patient's name cannot act on the terminal. csv: RFC 4180, NULL is empty and an empty text is "". json: a
// list of objects; a column's second and later namesakes get _2, _3, ...
enum class QueryFormat { table, csv, json };
std::string render(const QueryResult& result, QueryFormat format);

}  // namespace mtlgrid
