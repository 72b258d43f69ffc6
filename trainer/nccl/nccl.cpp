#include "trainer/nccl/nccl.h"

#include <fmt/format.h>

#include "base/errors.h"

#ifdef MTLGRID_HAVE_NCCL
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <nccl.h>

#include <chrono>
#include <string_view>
#include <thread>

#include "base/library.h"
#include "trainer/contract/pipe_messages.h"
#endif

namespace mtlgrid::nccl {
#ifdef MTLGRID_HAVE_NCCL
namespace {

[[noreturn]] void fail(const std::string& text) { throw Error(ErrorKind::fatal, text); }

// Time between two checks of work that runs elsewhere.
constexpr auto kPause = std::chrono::microseconds(200);

// LibTorch built with CUDA has already opened it: then this is the same library.
const Library& library() {
  static const Library l({"libnccl.so.2", MTLGRID_NCCL_LIBRARY});
  return l;
}

struct Api {
  decltype(&ncclGetVersion) get_version;
  decltype(&ncclGetUniqueId) get_id;
  decltype(&ncclCommInitRankConfig) init;
  decltype(&ncclBroadcast) broadcast;
  decltype(&ncclCommGetAsyncError) state;
  decltype(&ncclCommFinalize) finalize;
  decltype(&ncclCommDestroy) destroy;
  decltype(&ncclCommAbort) abort;
  decltype(&ncclGetErrorString) error;
  decltype(&ncclGetLastError) last_error;
  Api() {
    const Library& l = library();
    l.find(get_version, "ncclGetVersion");
    l.find(get_id, "ncclGetUniqueId");
    l.find(init, "ncclCommInitRankConfig");
    l.find(broadcast, "ncclBroadcast");
    l.find(state, "ncclCommGetAsyncError");
    l.find(finalize, "ncclCommFinalize");
    l.find(destroy, "ncclCommDestroy");
    l.find(abort, "ncclCommAbort");
    l.find(error, "ncclGetErrorString");
    l.find(last_error, "ncclGetLastError");
  }
  // `communicator` may be null. ncclInProgress is not a failure.
  void check(ncclResult_t code, const char* call, ncclComm_t communicator) const {
    if (code == ncclSuccess || code == ncclInProgress) return;
    const char* last = last_error(communicator);
    const bool more = last != nullptr && *last != '\0';
    fail(fmt::format("{}: {}{}{}", call, error(code), more ? ": " : "", more ? last : ""));
  }
};

const Api& api() {
  static const Api a;
  return a;
}

std::string hex_of(const ncclUniqueId& id) {
  std::string text;
  for (const char byte : id.internal) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

ncclUniqueId id_of(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  ncclUniqueId id{};
  if (text.size() != 2 * sizeof id.internal || text.find_first_not_of(kDigits) != std::string_view::npos) {
    fail(fmt::format("NCCL id of {} characters, expected {} hex digits", text.size(), 2 * sizeof id.internal));
  }
  for (std::size_t i = 0; i < sizeof id.internal; ++i) {
    id.internal[i] = static_cast<char>(16 * kDigits.find(text[2 * i]) + kDigits.find(text[2 * i + 1]));
  }
  return id;
}

ncclDataType_t type_of(const at::Tensor& values) {
  if (values.scalar_type() == at::kHalf) return ncclFloat16;
  if (values.scalar_type() == at::kLong) return ncclInt64;
  fail("broadcast: the tensor is neither float16 nor int64");
}

class Communicator final : public Broadcaster {
 public:
  Communicator(const ncclUniqueId& id, int rank, int size, at::Device device, const Patience& patience)
      : rank_(rank), size_(size), device_(device), patience_(patience), guard_(device.type()) {
    guard_.setDevice(device);  // NCCL takes the calling thread's GPU
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclComm_t made = nullptr;
    const ncclResult_t code = api().init(&made, size, id, rank, &config);
    communicator_.reset(made);
    settle(code, "ncclCommInitRankConfig", patience.at_most(kCommunicatorSeconds));
  }
  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void broadcast(const at::Tensor& values, int root) override {
    if (!communicator_) fail("the communicator was aborted");
    if (!values.is_contiguous() || values.device() != device_)
      fail("broadcast: the tensor is not contiguous, or on another device");
    try {
      void* data = values.mutable_data_ptr();
      const auto count = static_cast<std::size_t>(values.numel());
      settle(api().broadcast(data, data, count, type_of(values), root, communicator_.get(), nullptr), "ncclBroadcast",
             patience_);
      // It has been queued in the stream; wait until it has run.
      const c10::Stream stream = guard_.getDefaultStream(device_);
      while (!guard_.queryStream(stream)) wait("ncclBroadcast", patience_);
    } catch (...) {
      communicator_.reset();  // its kernel may never end, and would block everything after it in the stream
      throw;
    }
  }

  void finish() override {
    if (!communicator_) fail("the communicator was aborted");
    settle(api().finalize(communicator_.get()), "ncclCommFinalize", patience_);
    const ncclComm_t last = communicator_.release();
    api().check(api().destroy(last), "ncclCommDestroy", nullptr);
  }

 private:
  struct Abort {
    void operator()(ncclComm_t communicator) const { api().abort(communicator); }
  };

  // Checks the communicator once: whether a call is still in progress. Throws on an error of any earlier call.
  bool in_progress(const char* call) const {
    ncclResult_t state = ncclSuccess;
    api().check(api().state(communicator_.get(), &state), "ncclCommGetAsyncError", communicator_.get());
    api().check(state, call, communicator_.get());
    return state == ncclInProgress;
  }
  bool wait(const char* call, const Patience& patience) const {
    const bool more = in_progress(call);
    patience.check(call);
    std::this_thread::sleep_for(kPause);
    return more;
  }
  // Until the call that returned `code` is done, as far as the host is concerned.
  void settle(ncclResult_t code, const char* call, const Patience& patience) const {
    api().check(code, call, communicator_.get());
    while (code == ncclInProgress && wait(call, patience)) {
    }
  }

  int rank_, size_;
  at::Device device_;
  Patience patience_;
  c10::impl::VirtualGuardImpl guard_;
  std::unique_ptr<ncclComm, Abort> communicator_;
};

}  // namespace

std::string lacks() { return library().error(); }

std::string version() {
  int code = 0;  // as NCCL_VERSION has it since 2.9
  api().check(api().get_version(&code), "ncclGetVersion", nullptr);
  return fmt::format("{}.{}.{}", code / 10000, code % 10000 / 100, code % 100);
}

std::string make_id() {
  ncclUniqueId id{};
  api().check(api().get_id(&id), "ncclGetUniqueId", nullptr);
  return hex_of(id);
}

std::unique_ptr<Broadcaster> join(const std::string& id, int rank, int size, at::Device device,
                                  const Patience& patience) {
  return std::make_unique<Communicator>(id_of(id), rank, size, device, patience);
}

#else

std::string lacks() { return "built without NCCL's header"; }
std::string version() { throw Error(ErrorKind::fatal, lacks()); }
std::string make_id() { throw Error(ErrorKind::fatal, lacks()); }
std::unique_ptr<Broadcaster> join(const std::string&, int, int, at::Device, const Patience&) {
  throw Error(ErrorKind::fatal, lacks());
}

#endif
}  // namespace mtlgrid::nccl
