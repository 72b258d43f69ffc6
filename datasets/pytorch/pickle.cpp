#include "datasets/pytorch/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>
#include <variant>

#include "base/errors.h"
#include "datasets/pytorch/pickle_stack.h"

namespace mtlgrid {
namespace {

using namespace pickled;

// Bounds far above any state dict of this network, or of any slide with lists: damaged or hostile files must not
// exhaust stack, memory or time. Nothing that a pickle says is kept twice: texts are views of it, and the rest is
// counted, so that together they bound the memory to 400 MB beside the pickle.
struct Bounds {
  std::size_t bytes;  // of the pickle
  std::size_t stack;  // values at once; PyTorch writes dicts and lists in parts of 1000
};
constexpr Bounds kOfDicts{std::size_t{1} << 18, 4096};  // the paper's network takes 8 KB
// A million tiles with pairs of coordinates take 16 MB, with names 20 MB more.
constexpr Bounds kOfPlainData{std::size_t{1} << 26, std::size_t{1} << 20};
constexpr std::size_t kText = 1024;  // of a name
constexpr std::size_t kTensors = 65'536, kEntries = 100'000;
constexpr std::size_t kDimensions = 16;

using Dict = std::map<std::string, PickledEntry>;

constexpr std::string_view kOrderedDict = "collections OrderedDict", kTensor = "torch._utils _rebuild_tensor_v2",
                           kParameter = "torch._utils _rebuild_parameter";

const Bounds& bounds_of(const PickleWish& wish) { return wish.plain_data ? kOfPlainData : kOfDicts; }

class Reader : private PickleStack {
 public:
  Reader(std::string_view bytes, const PickleWish& wish)
      : PickleStack(bounds_of(wish).stack), bytes_(bytes), wish_(wish) {}

  PickledObject read() {
    while (step()) {
    }
    Value top = pop();
    if (const auto* dict = std::get_if<DictAt>(&top)) {
      if (const auto inner = inside_.find(dict->index); inner != inside_.end()) top = DictAt{inner->second};
    }
    PickledObject object{entry_of(top), {}};
    if (const auto* dict = std::get_if<DictAt>(&top)) object.entries = std::move(dicts_[dict->index]);
    return object;
  }

 private:
  // One instruction (names as in Python's pickletools); false at the end.
  bool step() {
    const auto code = static_cast<unsigned char>(take(1)[0]);
    switch (code) {
      case '.':  // STOP
        return false;
      case 0x80:  // PROTO
        take(1);
        break;
      case 0x95:  // FRAME
        take(8);
        break;
      case '(':
        push(Mark{});
        break;
      case 'N':
        push(None{});
        break;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(code == 0x88);
        break;
      case '}':  // EMPTY_DICT
        push_dict();
        break;
      default:
        if (!number(code) && !text(code) && !tuple(code) && !memo(code) && !object(code) && !plain(code)) {
          throw InputError(fmt::format("holds more than tensors and dicts (pickle instruction 0x{:02x}), expected {}",
                                       code, wish_.expected));
        }
    }
    return true;
  }

  bool number(unsigned char code) {
    if (code == 'K' || code == 'M')
      push(static_cast<std::int64_t>(little(code == 'K' ? 1 : 2)));  // BININT1, BININT2
    else if (code == 'J')
      push(std::int64_t{static_cast<std::int32_t>(little(4))});  // BININT
    else if (code == 0x8a) {                                     // LONG1
      const auto n = little(1);
      if (n > 8) damaged("a number of more than 64 bits");
      std::uint64_t value = little(n);
      if (n > 0 && n < 8 && (value >> (8 * n - 1)) != 0) value |= ~std::uint64_t{0} << (8 * n);  // two's complement
      push(static_cast<std::int64_t>(value));
    } else {
      return false;
    }
    return true;
  }

  bool text(unsigned char code) {
    if (code != 'X' && code != 0x8c) return false;  // BINUNICODE, SHORT_BINUNICODE
    const std::string_view bytes = take(little(code == 'X' ? 4 : 1));
    if (!wish_.plain_data) check_name(bytes);
    push(bytes);
    return true;
  }

  bool tuple(unsigned char code) {
    if (code == ')')
      push_tuple(0);  // EMPTY_TUPLE
    else if (code == 't')
      push_tuple(above_mark(), true);  // TUPLE
    else if (code >= 0x85 && code <= 0x87)
      push_tuple(code - 0x84u);  // TUPLE1, TUPLE2, TUPLE3
    else
      return false;
    return true;
  }

  bool memo(unsigned char code) {
    switch (code) {
      case 'q':  // BINPUT
        remember(little(1));
        return true;
      case 'r':  // LONG_BINPUT
        remember(little(4));
        return true;
      case 0x94:  // MEMOIZE
        remember_next();
        return true;
      case 'h':  // BINGET
        push(remembered(little(1)));
        return true;
      case 'j':  // LONG_BINGET
        push(remembered(little(4)));
        return true;
      default:
        return false;
    }
  }

  bool object(unsigned char code) {
    switch (code) {
      case 'c': {  // GLOBAL
        const std::string_view module = line();
        global(module, line());
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const auto name = pop_as<std::string_view>(), module = pop_as<std::string_view>();
        global(module, name);
        return true;
      }
      case 'Q':  // BINPERSID
        storage(pop_as<Tuple>());
        return true;
      case 'R':  // REDUCE
        call();
        return true;
      case 'b':  // BUILD: attributes of a dict
        pop();
        if (!std::holds_alternative<DictAt>(top())) damaged("attributes for something other than a dict");
        return true;
      case 's':  // SETITEM
        set_items(2, false);
        return true;
      case 'u':  // SETITEMS
        set_items(above_mark(), true);
        return true;
      default:
        return false;
    }
  }

  // Numbers and lists that are not kept, where they are allowed.
  bool plain(unsigned char code) {
    if (!wish_.plain_data) return false;
    switch (code) {
      case 'G':  // BINFLOAT
        take(8);
        push(Float{});
        return true;
      case ']':  // EMPTY_LIST
        push(List{});
        return true;
      case 'a':  // APPEND
        pop();
        break;
      case 'e':  // APPENDS
        drop(above_mark() + 1);
        break;
      default:
        return false;
    }
    if (!std::holds_alternative<List>(top())) damaged("items for something other than a list");
    return true;
  }

  void global(std::string_view module, std::string_view name) {
    check_name(module);
    check_name(name);
    if (module == "torch" && name.ends_with("Storage")) return push(Global{name});
    for (const std::string_view known : {kOrderedDict, kTensor, kParameter}) {
      if (known == fmt::format("{} {}", module, name)) return push(Global{known});
    }
    throw InputError(fmt::format("holds an object made by '{}.{}', expected {}", module, name, wish_.expected));
  }

  // ("storage", type, key, device, elements): a tensor without a shape until it is rebuilt.
  void storage(const Tuple& id) {
    if (id.count != 5 || as<std::string_view>(item(id, 0)) != "storage")
      damaged("a persistent reference to something other than a storage");
    PickledTensor tensor;
    tensor.type = as<Global>(item(id, 1)).name;
    tensor.storage = checked_name(as<std::string_view>(item(id, 2)));
    tensor.elements = as<std::int64_t>(item(id, 4));
    push_tensor(std::move(tensor));
  }

  void call() {
    const auto arguments = pop_as<Tuple>();
    const auto function = pop_as<Global>();
    if (function.name == kOrderedDict) {
      if (arguments.count > 0) damaged("an OrderedDict with arguments");
      push_dict();
    } else if (function.name == kTensor) {  // (storage, offset, shape, strides, ...)
      if (arguments.count < 4) damaged("a tensor with too few arguments");
      // The seventh argument, where there is one, says how the values are to be changed (negated, for one).
      if (arguments.count > 6) throw InputError("holds a tensor with metadata, expected plain tensors");
      PickledTensor tensor = tensors_[as<TensorAt>(item(arguments, 0)).index];
      tensor.offset = as<std::int64_t>(item(arguments, 1));
      tensor.shape = integers(item(arguments, 2));
      tensor.strides = integers(item(arguments, 3));
      if (tensor.shape.size() != tensor.strides.size()) damaged("a tensor with more strides than dimensions");
      push_tensor(std::move(tensor));
    } else if (function.name == kParameter) {  // (tensor, requires_grad, hooks)
      if (arguments.count == 0) damaged("a parameter without its tensor");
      push(as<TensorAt>(item(arguments, 0)));
    } else {
      damaged("a call of an unknown function");
    }
  }

  // Of the dict below them: the uppermost `count` values, keys and values in turn, above a mark or not.
  void set_items(std::size_t count, bool marked) {
    const std::vector<Value> items = pop_some(count);
    if (marked) drop(1);
    if (count % 2 != 0) damaged("a key without a value");
    const std::size_t at = as<DictAt>(top()).index;
    Dict& dict = dicts_[at];
    for (std::size_t i = 0; i < count; i += 2) {
      if (wish_.plain_data && !std::holds_alternative<std::string_view>(items[i])) continue;
      count_entry();
      const auto key = as<std::string_view>(items[i]);
      dict[checked_name(key)] = entry_of(items[i + 1]);
      if (const auto* inner = std::get_if<DictAt>(&items[i + 1]); inner != nullptr && key == wish_.inside) {
        inside_[at] = inner->index;
      }
    }
  }

  PickledEntry entry_of(const Value& value) const {
    PickledEntry entry = {kKinds[value.index()], {}};
    if (const auto* tensor = std::get_if<TensorAt>(&value)) entry.tensor = tensors_[tensor->index];
    return entry;
  }

  std::vector<std::int64_t> integers(const Value& value) const {
    const auto& tuple = as<Tuple>(value);
    if (tuple.count > kDimensions) damaged("a tensor with too many dimensions");
    std::vector<std::int64_t> out;
    for (std::uint32_t i = 0; i < tuple.count; ++i) out.push_back(as<std::int64_t>(item(tuple, i)));
    return out;
  }

  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size() - at_) damaged("the pickle is truncated");
    const std::string_view out = bytes_.substr(at_, n);
    at_ += n;
    return out;
  }
  std::uint64_t little(std::uint64_t n) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(n);
    for (std::size_t i = 0; i < n; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) damaged("the pickle is truncated");
    const std::string_view out = take(end - at_);
    take(1);
    return out;
  }

  static void check_name(std::string_view text) {
    if (text.size() > kText) damaged("a text of more than 1024 bytes");
  }
  static std::string checked_name(std::string_view text) {
    check_name(text);
    return std::string(text);
  }
  void push_tensor(PickledTensor tensor) {
    if (tensors_.size() == kTensors) throw InputError(fmt::format("has more than {} tensors", kTensors));
    tensors_.push_back(std::move(tensor));
    push(TensorAt{tensors_.size() - 1});
  }
  void push_dict() {
    count_entry();
    dicts_.emplace_back();
    push(DictAt{dicts_.size() - 1});
  }
  void count_entry() {
    if (++entries_ > kEntries) {
      throw InputError(fmt::format("has more than {} entries in its dicts, expected {}", kEntries, wish_.expected));
    }
  }

  std::string_view bytes_;
  const PickleWish& wish_;
  std::size_t at_ = 0, entries_ = 0;
  std::deque<PickledTensor> tensors_;
  std::deque<Dict> dicts_;
  std::map<std::size_t, std::size_t> inside_;  // of a dict: the dict under the wish's key
};

}  // namespace

PickledObject read_pickled(std::string_view pickle, const PickleWish& wish) {
  if (const std::size_t most = bounds_of(wish).bytes; pickle.size() > most) {
    throw InputError(fmt::format(
        "its data.pkl has {} bytes beside the tensors, expected at most {}: save the tensors without the lists and "
        "texts beside them",
        pickle.size(), most));
  }
  return Reader(pickle, wish).read();
}

std::map<std::string, PickledEntry> read_pickled_dict(std::string_view pickle) {
  const PickleWish wish{"a dict of tensors (model.state_dict())"};
  PickledObject object = read_pickled(pickle, wish);
  if (object.whole.kind != "dict") {
    throw InputError(fmt::format("holds a {}, expected {}", object.whole.kind, wish.expected));
  }
  return std::move(object.entries);
}

}  // namespace mtlgrid
