// The elements and texts of an XML document in their order, as far as workbooks need them: without namespaces, without
// document types, in bounded memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace mtlgrid {

// The attributes of an element; valid during the call that passes it.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
  // The value of the first attribute of this name, a prefix not counted; empty if there is none.
  std::string_view get(std::string_view name) const;

 private:
  const char** pairs_;  // names and values in turns, a null pointer at the end
};

// Receives a document. Names are without prefixes.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void begin(std::string_view name, const XmlAttributes& attributes) = 0;
  virtual void end() = 0;
  // Some of the text within the element that began last and has not ended; one text may come in several calls.
  virtual void text(std::string_view piece) = 0;
};

// Parses a document that `read` passes piece by piece to the function it is given. Exceptions of `handler` and `read`
// are passed on. Throws InputError, beginning with `part`, where the document is not well-formed, has a document type
// (entities could expand without bound), elements 64 deep, or a tag of more than 1 MB.
void parse_xml(const std::string& part, const std::function<void(const std::function<void(std::string_view)>&)>& read,
               XmlHandler& handler);

}  // namespace mtlgrid
