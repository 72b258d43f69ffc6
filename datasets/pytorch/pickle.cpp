#include "datasets/pytorch/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <variant>

#include "base/errors.h"

namespace mtlgrid {
namespace {

// Bounds far above any state dict of this network: damaged or hostile files must not exhaust stack, memory or time.
// An instruction takes at least a byte and keeps at most a text, so together they bound the memory to 300 MB.
constexpr std::size_t kBytes = std::size_t{1} << 18;  // of the pickle; the paper's network takes 8 KB
constexpr std::size_t kText = 1024;                   // of a name
constexpr std::size_t kStack = 4096;                  // values at once; PyTorch writes dicts in parts of 2000
constexpr int kDepth = 4;                             // of tuples; a tensor's arguments have 2
constexpr std::size_t kDimensions = 16;

struct None {};
struct Mark {};
struct Float {};  // its value is of no use
struct List {};   // its items are not kept
struct Global {
  std::string name;  // "module name"
};
struct Dict {
  std::map<std::string, PickledEntry> entries;
};
struct Tuple;

// Dicts and tuples are shared: the memo gives one object to several places, and a dict grows after it was remembered.
using Value = std::variant<None, Mark, bool, std::int64_t, std::string, Global, PickledTensor, std::shared_ptr<Dict>,
                           std::shared_ptr<Tuple>, Float, List>;
constexpr const char* kKinds[] = {"None",   "mark", "bool",  "number", "text", "global",
                                  "tensor", "dict", "tuple", "number", "list"};

struct Tuple {
  std::vector<Value> items;
  int depth = 1;
};

[[noreturn]] void damaged(const std::string& what) { throw InputError("damaged: " + what); }

class Reader {
 public:
  Reader(std::string_view bytes, const PickleWish& wish) : bytes_(bytes), wish_(wish) {}

  PickledObject read() {
    while (step()) {
    }
    const Value top = pop();
    PickledObject object{entry_of(top), {}};
    if (const auto* dict = std::get_if<std::shared_ptr<Dict>>(&top)) object.entries = std::move((*dict)->entries);
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
        push(std::make_shared<Dict>());
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
    if (bytes.size() > kText) damaged("a text of more than 1024 bytes");
    push(std::string(bytes));
    return true;
  }

  bool tuple(unsigned char code) {
    if (code == ')')
      push_tuple({});  // EMPTY_TUPLE
    else if (code == 't')
      push_tuple(pop_to_mark());  // TUPLE
    else if (code >= 0x85 && code <= 0x87)
      push_tuple(pop_some(code - 0x84u));  // TUPLE1, TUPLE2, TUPLE3
    else
      return false;
    return true;
  }

  bool memo(unsigned char code) {
    switch (code) {
      case 'q':  // BINPUT
        memo_[little(1)] = top();
        return true;
      case 'r':  // LONG_BINPUT
        memo_[little(4)] = top();
        return true;
      case 0x94: {  // MEMOIZE
        const std::uint64_t next = memo_.size();
        memo_[next] = top();
        return true;
      }
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
        const std::string module = line();
        global(module, line());
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const auto name = pop_as<std::string>(), module = pop_as<std::string>();
        global(module, name);
        return true;
      }
      case 'Q':  // BINPERSID
        storage(pop_tuple());
        return true;
      case 'R':  // REDUCE
        call();
        return true;
      case 'b':  // BUILD: attributes of a dict
        pop();
        if (!std::holds_alternative<std::shared_ptr<Dict>>(top()))
          damaged("attributes for something other than a dict");
        return true;
      case 's':  // SETITEM
        set_items(pop_some(2));
        return true;
      case 'u':  // SETITEMS
        set_items(pop_to_mark());
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
        pop_to_mark();
        break;
      default:
        return false;
    }
    if (!std::holds_alternative<List>(top())) damaged("items for something other than a list");
    return true;
  }

  void global(const std::string& module, const std::string& name) {
    const bool storage = module == "torch" && name.ends_with("Storage");
    if (!storage && module + " " + name != "collections OrderedDict" &&
        module + " " + name != "torch._utils _rebuild_tensor_v2" &&
        module + " " + name != "torch._utils _rebuild_parameter") {
      throw InputError(fmt::format("holds an object made by '{}.{}', expected {}", module, name, wish_.expected));
    }
    push(Global{module + " " + name});
  }

  // ("storage", type, key, device, elements): a tensor without a shape until it is rebuilt.
  void storage(const Tuple& id) {
    if (id.items.size() != 5 || as<std::string>(id.items[0]) != "storage")
      damaged("a persistent reference to something other than a storage");
    PickledTensor tensor;
    tensor.type = as<Global>(id.items[1]).name;
    tensor.type.erase(0, tensor.type.find(' ') + 1);
    tensor.storage = as<std::string>(id.items[2]);
    tensor.elements = as<std::int64_t>(id.items[4]);
    push(tensor);
  }

  void call() {
    const Tuple arguments = pop_tuple();
    const Global function = pop_as<Global>();
    if (function.name == "collections OrderedDict") {
      if (!arguments.items.empty()) damaged("an OrderedDict with arguments");
      push(std::make_shared<Dict>());
    } else if (function.name == "torch._utils _rebuild_tensor_v2") {  // (storage, offset, shape, strides, ...)
      if (arguments.items.size() < 4) damaged("a tensor with too few arguments");
      // The seventh argument, where there is one, says how the values are to be changed (negated, for one).
      if (arguments.items.size() > 6) throw InputError("holds a tensor with metadata, expected plain tensors");
      auto tensor = as<PickledTensor>(arguments.items[0]);
      tensor.offset = as<std::int64_t>(arguments.items[1]);
      tensor.shape = integers(arguments.items[2]);
      tensor.strides = integers(arguments.items[3]);
      if (tensor.shape.size() != tensor.strides.size()) damaged("a tensor with more strides than dimensions");
      push(tensor);
    } else if (function.name == "torch._utils _rebuild_parameter") {  // (tensor, requires_grad, hooks)
      if (arguments.items.empty()) damaged("a parameter without its tensor");
      push(as<PickledTensor>(arguments.items[0]));
    } else {
      damaged("a call of an unknown function");
    }
  }

  void set_items(const std::vector<Value>& items) {
    if (items.size() % 2 != 0) damaged("a key without a value");
    const auto dict = as<std::shared_ptr<Dict>>(top());
    for (std::size_t i = 0; i < items.size(); i += 2) {
      if (wish_.plain_data && !std::holds_alternative<std::string>(items[i])) continue;
      dict->entries[as<std::string>(items[i])] = entry_of(items[i + 1]);
    }
  }

  static PickledEntry entry_of(const Value& value) {
    PickledEntry entry = {kKinds[value.index()], {}};
    if (const auto* tensor = std::get_if<PickledTensor>(&value)) entry.tensor = *tensor;
    return entry;
  }

  std::vector<std::int64_t> integers(const Value& value) const {
    const std::vector<Value>& items = as<std::shared_ptr<Tuple>>(value)->items;
    if (items.size() > kDimensions) damaged("a tensor with too many dimensions");
    std::vector<std::int64_t> out;
    for (const Value& item : items) out.push_back(as<std::int64_t>(item));
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
  std::string line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) damaged("the pickle is truncated");
    const std::string out(take(end - at_));
    take(1);
    return out;
  }

  template <typename T>
  static const T& as(const Value& value) {
    const T* held = std::get_if<T>(&value);
    if (held == nullptr) damaged(fmt::format("a {} in the wrong place", kKinds[value.index()]));
    return *held;
  }
  void push(Value value) {
    if (stack_.size() == kStack) damaged("more than 4096 values at once");
    stack_.push_back(std::move(value));
  }
  const Value& top() const {
    if (stack_.empty()) damaged("an instruction without its operands");
    return stack_.back();
  }
  Value pop() {
    Value value = top();
    stack_.pop_back();
    return value;
  }
  template <typename T>
  T pop_as() {
    return as<T>(pop());
  }
  Tuple pop_tuple() { return *pop_as<std::shared_ptr<Tuple>>(); }
  std::vector<Value> pop_some(std::size_t n) {
    if (n > stack_.size()) damaged("an instruction without its operands");
    std::vector<Value> out(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
    stack_.resize(stack_.size() - n);
    return out;
  }
  std::vector<Value> pop_to_mark() {
    const auto mark =
        std::find_if(stack_.rbegin(), stack_.rend(), [](const Value& v) { return std::holds_alternative<Mark>(v); });
    if (mark == stack_.rend()) damaged("a mark is missing");
    std::vector<Value> out = pop_some(static_cast<std::size_t>(mark - stack_.rbegin()));
    stack_.pop_back();
    return out;
  }
  void push_tuple(std::vector<Value> items) {
    int depth = 1;
    for (const Value& item : items) {
      if (const auto* inner = std::get_if<std::shared_ptr<Tuple>>(&item)) depth = std::max(depth, (*inner)->depth + 1);
    }
    if (depth > kDepth) damaged("tuples nested too deeply");
    push(std::make_shared<Tuple>(Tuple{std::move(items), depth}));
  }
  Value remembered(std::uint64_t index) const {
    const auto found = memo_.find(index);
    if (found == memo_.end()) damaged("a reference to an unknown memo entry");
    return found->second;
  }

  std::string_view bytes_;
  const PickleWish& wish_;
  std::size_t at_ = 0;
  std::vector<Value> stack_;
  std::map<std::uint64_t, Value> memo_;
};

}  // namespace

PickledObject read_pickled(std::string_view pickle, const PickleWish& wish) {
  if (pickle.size() > kBytes) {
    throw InputError(fmt::format("its data.pkl has {} bytes, expected at most {}", pickle.size(), kBytes));
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
