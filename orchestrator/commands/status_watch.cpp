#include "orchestrator/commands/status_watch.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <iostream>
#include <vector>

#include "base/text.h"
#include "results/status/status_view.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

constexpr const char* kEnterScreen = "\x1b[?1049h\x1b[?25l";  // another screen, no cursor
constexpr const char* kLeaveScreen = "\x1b[?25h\x1b[?1049l";
constexpr const char* kHome = "\x1b[H";
constexpr const char* kClearLine = "\x1b[K";   // to its end
constexpr const char* kClearBelow = "\x1b[J";  // the cursor's line from there, and all below

constexpr ScreenSize kPlain = {80, 1000};  // without a terminal: 80 columns, and no line is left out

// Blocks the signals that end or redraw the view; they arrive only while this object waits for them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // Waits. Returns false if a signal asks to end; true after `interval`, or earlier if the terminal was resized.
  bool continue_after(std::chrono::seconds interval) const {
    const timespec wait = {static_cast<std::time_t>(interval.count()), 0};
    const int signal = sigtimedwait(&set_, nullptr, &wait);
    return signal < 0 || signal == SIGWINCH;
  }

 private:
  sigset_t set_, before_;
};

// Takes the terminal's screen while it exists; does nothing if stdout is not a terminal.
class Screen {
 public:
  Screen() : terminal_(isatty(STDOUT_FILENO) == 1) {
    if (terminal_) std::cout << kEnterScreen << std::flush;
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() {
    if (terminal_) std::cout << kLeaveScreen << std::flush;
  }

  ScreenSize size() const {
    winsize found = {};
    if (!terminal_ || ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0) {
      return terminal_ ? ScreenSize{} : kPlain;
    }
    return {found.ws_col, found.ws_row};
  }

  // Omits the last line end, which would scroll the screen.
  void draw(const std::vector<std::string>& lines) const {
    std::string text = terminal_ ? kHome : "";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!terminal_) {
        text += lines[i] + "\n";
      } else {
        text += (i > 0 ? "\r\n" : "") + lines[i] + kClearLine;
      }
    }
    text += terminal_ ? kClearBelow : "\n";
    std::cout << text << std::flush;
  }

 private:
  bool terminal_;
};

// Prints the last view once more, where the user can scroll back to it.
void conclude(const StoreStatus& status, const std::string& store, ScreenSize size) {
  if (isatty(STDOUT_FILENO) == 1) {
    for (const std::string& line : status_view(status, store, {size.columns, kPlain.rows})) std::cout << line << "\n";
  }
  if (!status.run.end) {
    std::cout << printable(
                     fmt::format("No run holds {}, and it has no record of how the last run ended (killed?).", store))
              << '\n'
              << std::flush;
  }
}

}  // namespace

void watch_status(const std::string& store, std::optional<std::int64_t> grid, std::chrono::seconds interval) {
  const Signals signals;
  StoreStatus status;
  ScreenSize size;
  std::optional<std::int64_t> shown;  // the grid that a run was seen at stays, so that the last view is of that run
  {
    const Screen screen;
    do {
      if (const auto running = grid ? grid : running_grid(store, open_for_reading(store))) shown = running;
      status = read_status(store, shown);
      size = screen.size();
      screen.draw(status_view(status, store, size));
      if (!std::cout) return;  // the reader is gone
    } while (status.run.holder && signals.continue_after(interval));
  }
  if (!status.run.holder) conclude(status, store, size);
}

}  // namespace mtlgrid
