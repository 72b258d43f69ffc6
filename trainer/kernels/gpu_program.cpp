#include "trainer/kernels/gpu_program.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/library.h"
#include "gpu_kernels_source.h"

namespace mtlgrid::gpu {
namespace {

[[noreturn]] void fail(const std::string& text) { throw Error(ErrorKind::fatal, text); }

const Library& compiler_library() {
  static const Library library({"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"});
  return library;
}
const Library& driver_library() {
  static const Library library({"libcuda.so.1"});
  return library;
}

// NVRTC and the driver as their documentation declares them; both have kept these since CUDA 11.
struct Compiler {
  using Program = void*;
  int (*create)(Program*, const char* source, const char* name, int headers, const char* const*, const char* const*);
  int (*compile)(Program, int options, const char* const*);
  int (*log_size)(Program, std::size_t*);
  int (*log)(Program, char*);
  int (*binary_size)(Program, std::size_t*);
  int (*binary)(Program, char*);
  int (*destroy)(Program*);
  const char* (*error)(int);
  Compiler() {
    const Library& l = compiler_library();
    l.find(create, "nvrtcCreateProgram");
    l.find(compile, "nvrtcCompileProgram");
    l.find(log_size, "nvrtcGetProgramLogSize");
    l.find(log, "nvrtcGetProgramLog");
    l.find(binary_size, "nvrtcGetCUBINSize");
    l.find(binary, "nvrtcGetCUBIN");
    l.find(destroy, "nvrtcDestroyProgram");
    l.find(error, "nvrtcGetErrorString");
  }
  void check(int code, const char* call) const {
    if (code != 0) fail(fmt::format("{}: {}", call, error(code)));
  }
};

struct Driver {
  using Module = void*;
  using Function = void*;
  int (*device)(int*);
  int (*attribute)(int*, int attribute, int device);
  int (*load)(Module*, const void*);
  int (*function)(Function*, Module, const char*);
  int (*start)(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
  int (*error)(int, const char**);
  Driver() {
    const Library& l = driver_library();
    l.find(device, "cuCtxGetDevice");
    l.find(attribute, "cuDeviceGetAttribute");
    l.find(load, "cuModuleLoadData");
    l.find(function, "cuModuleGetFunction");
    l.find(start, "cuLaunchKernel");
    l.find(error, "cuGetErrorString");
  }
  void check(int code, const std::string& call) const {
    if (code == 0) return;
    const char* text = nullptr;
    error(code, &text);
    fail(fmt::format("{}: {}", call, text == nullptr ? "unknown CUDA error" : text));
  }
};

const Compiler& compiler() {
  static const Compiler c;
  return c;
}
const Driver& driver() {
  static const Driver d;
  return d;
}

std::string architecture_of_current_gpu() {
  constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...
  int device = 0, major = 0, minor = 0;
  driver().check(driver().device(&device), "cuCtxGetDevice");
  driver().check(driver().attribute(&major, kMajor, device), "cuDeviceGetAttribute");
  driver().check(driver().attribute(&minor, kMinor, device), "cuDeviceGetAttribute");
  return fmt::format("sm_{}{}", major, minor);
}

// The loaded kernels of one type. A trainer has one GPU, so there is one of each in a process.
class Kernels {
 public:
  explicit Kernels(bool fp64) {
    const std::string code = compile_kernels(architecture_of_current_gpu(), fp64);
    driver().check(driver().load(&module_, code.data()), "cuModuleLoadData");
  }
  Driver::Function named(const char* kernel) {
    Driver::Function& f = functions_[kernel];
    if (f == nullptr) driver().check(driver().function(&f, module_, kernel), kernel);
    return f;
  }

 private:
  Driver::Module module_ = nullptr;
  std::map<std::string, Driver::Function, std::less<>> functions_;
};

Kernels& kernels(bool fp64) {
  if (fp64) {
    static Kernels k(true);
    return k;
  }
  static Kernels k(false);
  return k;
}

}  // namespace

std::string compiler_lacks() { return compiler_library().error(); }

std::string compile_kernels(const std::string& architecture, bool fp64) {
  const Compiler& c = compiler();
  Compiler::Program program = nullptr;
  c.check(c.create(&program, kKernelsSource, "gpu_kernels.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  const std::string target = "--gpu-architecture=" + architecture;
  const std::string threads = fmt::format("-DTHREADS={}", kThreads),
                    keys = fmt::format("-DMAXIMUM_KEYS={}", kMaximumKeys),
                    members = fmt::format("-DMAXIMUM_MEMBERS={}", kMaximumMembers);
  const std::array<const char*, 6> options = {target.c_str(),  "--std=c++17", fp64 ? "-DReal=double" : "-DReal=float",
                                              threads.c_str(), keys.c_str(),  members.c_str()};
  const int code = c.compile(program, static_cast<int>(options.size()), options.data());
  if (code != 0) {
    std::size_t size = 0;
    c.log_size(program, &size);
    std::string log(size, '\0');
    c.log(program, log.data());
    fail(fmt::format("the kernels do not compile for {}: {}\n{}", architecture, c.error(code), log));
  }
  std::size_t size = 0;
  c.check(c.binary_size(program, &size), "nvrtcGetCUBINSize");
  std::string binary(size, '\0');
  c.check(c.binary(program, binary.data()), "nvrtcGetCUBIN");
  c.destroy(&program);
  return binary;
}

void prepare(bool fp64) {
  kernels(true);
  if (!fp64) kernels(false);
}

void launch(const char* kernel, bool fp64, Grid grid, void* stream, void** arguments) {
  const Driver::Function f = kernels(fp64).named(kernel);
  driver().check(driver().start(f, grid.x, grid.y, grid.z, kThreads, 1, 1, 0, stream, arguments, nullptr), kernel);
}

}  // namespace mtlgrid::gpu
