// Query results as text tables, CSV or JSON.
#pragma once

#include <string>

#include "results/status/query.h"

namespace mtlgrid {

// table: aligned columns; control characters, direction overrides and bytes that are no UTF-8 are escaped, so that
// what a patient is called cannot act on the terminal. csv: RFC 4180, NULL is empty and an empty text is "". json: a
// list of objects; a column's second and later namesakes get _2, _3, ...
enum class QueryFormat { table, csv, json };
std::string render(const QueryResult& result, QueryFormat format);

}  // namespace mtlgrid
