// A shared library that is opened when it is first needed and stays open, so that a program also starts on machines
// that lack it. No torch.
#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

class Library {
 public:
  // Opens the first of `names` that can be opened.
  explicit Library(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (handle_ == nullptr) handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    if (handle_ == nullptr) error_ = names[0] + " cannot be opened: " + ::dlerror();
  }
  // Why none was opened; empty if one was.
  const std::string& error() const { return error_; }
  // Sets `function`, whose type the caller vouches for. Throws Error(fatal) where there is no library or it lacks it.
  template <typename F>
  void find(F*& function, const char* name) const {
    if (handle_ == nullptr) throw Error(ErrorKind::fatal, error_);
    function = reinterpret_cast<F*>(::dlsym(handle_, name));
    if (function == nullptr) throw Error(ErrorKind::fatal, std::string("the library lacks ") + name);
  }

 private:
  void* handle_ = nullptr;
  std::string error_;
};

}  // namespace mtlgrid
