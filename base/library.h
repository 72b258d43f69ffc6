// A shared library that is opened at run time, so that a program also starts on machines that lack it (NCCL, CUDA's
// driver).
#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

// Stays open until the process ends: function pointers out of it remain valid after this object is gone.
class Library {
 public:
  // Opens the first of `names` (at least one) that can be opened; does not throw if none can.
  explicit Library(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (handle_ == nullptr) handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    if (handle_ == nullptr) error_ = names[0] + " cannot be opened: " + ::dlerror();
  }
  // Why no library could be opened; empty if one was.
  const std::string& error() const { return error_; }
  // Sets `function` to the library's function `name`. The caller must give it that function's type: nothing checks it.
  // Throws Error(fatal) if no library was opened or it lacks the function.
  template <typename F>
  void find(F*& function, const char* name) const {
    if (handle_ == nullptr) throw Error(ErrorKind::fatal, error_);
    function = reinterpret_cast<F*>(::dlsym(handle_, name));
    if (function == nullptr) throw Error(ErrorKind::fatal, std::string("the library has no function ") + name);
  }

 private:
  void* handle_ = nullptr;
  std::string error_;
};

}  // namespace mtlgrid
