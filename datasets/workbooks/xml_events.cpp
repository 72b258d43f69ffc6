#include "datasets/workbooks/xml_events.h"

#include <expat.h>
#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>

#include "base/errors.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr int kDeepest = 64;                                 // workbooks have 10; guessed
constexpr std::int64_t kLongestTag = std::int64_t{1} << 20;  // bytes; the parser keeps a tag whole

std::string_view without_prefix(const char* name) {
  const std::string_view whole = name;
  const auto colon = whole.rfind(':');
  return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

// Passes the parser's events on. No exception may pass through the C library: it is kept, and the parser stopped.
class Events {
 public:
  Events(const std::string& part, XmlHandler& handler)
      : part_(cut_to(printable(part), 60)), handler_(handler), parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
    if (!parser_) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_begin, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
  }

  void parse(std::string_view piece, bool last) {
    fed_ += static_cast<std::int64_t>(piece.size());
    const XML_Status status = XML_Parse(parser_.get(), piece.data(), static_cast<int>(piece.size()), last ? 1 : 0);
    if (thrown_) std::rethrow_exception(thrown_);
    if (status != XML_STATUS_OK) {
      throw InputError(fmt::format("damaged: {}, line {}: {}", part_, XML_GetCurrentLineNumber(parser_.get()),
                                   XML_ErrorString(XML_GetErrorCode(parser_.get()))));
    }
    if (!last && fed_ - XML_GetCurrentByteIndex(parser_.get()) > kLongestTag) {
      throw InputError(fmt::format("damaged: {} has a tag of more than {} bytes", part_, kLongestTag));
    }
  }

 private:
  template <typename Action>
  void guarded(Action&& action) {
    if (thrown_) return;
    try {
      action();
    } catch (...) {
      thrown_ = std::current_exception();
      XML_StopParser(parser_.get(), XML_FALSE);
    }
  }

  static void on_begin(void* self, const char* name, const char** attributes) {
    auto* events = static_cast<Events*>(self);
    events->guarded([&] {
      if (++events->depth_ > kDeepest) {
        throw InputError(fmt::format("damaged: {} has elements more than {} deep", events->part_, kDeepest));
      }
      events->handler_.begin(without_prefix(name), XmlAttributes(attributes));
    });
  }

  static void on_end(void* self, const char* /*name*/) {
    auto* events = static_cast<Events*>(self);
    events->guarded([&] {
      --events->depth_;
      events->handler_.end();
    });
  }

  static void on_text(void* self, const char* text, int length) {
    auto* events = static_cast<Events*>(self);
    events->guarded([&] { events->handler_.text({text, static_cast<std::size_t>(length)}); });
  }

  static void on_doctype(void* self, const char* /*name*/, const char* /*system*/, const char* /*public*/,
                         int /*internal*/) {
    auto* events = static_cast<Events*>(self);
    events->guarded([&] {
      throw InputError(fmt::format("damaged: {} declares a document type, which no workbook has", events->part_));
    });
  }

  const std::string part_;
  XmlHandler& handler_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser_;
  std::exception_ptr thrown_;
  std::int64_t fed_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string_view XmlAttributes::get(std::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (without_prefix(pair[0]) == name) return pair[1];
  }
  return {};
}

void parse_xml(const std::string& part, const std::function<void(const std::function<void(std::string_view)>&)>& read,
               XmlHandler& handler) {
  Events events(part, handler);
  read([&](std::string_view piece) { events.parse(piece, false); });
  events.parse({}, true);
}

}  // namespace mtlgrid
