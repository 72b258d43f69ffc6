#include "orchestrator/commands/status_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <exception>
#include <optional>
#include <vector>

#include "base/telling.h"
#include "base/terminal.h"
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
  Screen() : terminal_(terminal_size(STDOUT_FILENO).has_value()) {
    if (terminal_) put_result(kEnterScreen);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() {
    try {
      if (terminal_) put_result(kLeaveScreen);
    } catch (const std::exception&) {  // the terminal is gone, and with it the screen
    }
  }

  ScreenSize size() const {
    const auto found = terminal_ ? terminal_size(STDOUT_FILENO) : std::nullopt;
    return found ? ScreenSize{found->columns, found->rows} : kPlain;
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
    put_result(text);
  }

 private:
  bool terminal_;
};

// Prints the last view once more, where the user can scroll back to it.
void conclude(const StoreStatus& status, const std::string& store, ScreenSize size) {
  std::string text;
  if (terminal_size(STDOUT_FILENO)) {
    for (const std::string& line : status_view(status, store, {size.columns, kPlain.rows})) text += line + "\n";
  }
  // A killed run that left its live file is told of by the view.
  if (!status.run.end && status.run.trouble.empty()) {
    text +=
        printable(fmt::format("No run holds {}, and no record says how the last run ended: it was killed.", store)) +
        "\n";
  }
  put_result(text);
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
    } while (status.run.holder && signals.continue_after(interval));
  }
  if (!status.run.holder) conclude(status, store, size);
}

}  // namespace mtlgrid
