#include "trainer/program/program.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <climits>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>

#include "base/errors.h"
#include "base/exit_status.h"
#include "base/limits.h"
#include "base/telling.h"
#include "trainer/extraction/extraction_service.h"
#include "trainer/process/injected_service.h"
#include "trainer/process/server.h"
#include "trainer/program/answer.h"
#include "trainer/training/training.h"

namespace mtlgrid {
namespace {

namespace po = boost::program_options;

// Stdout is reserved for messages: anything else that prints there (a library, say) goes to stderr instead.
int take_stdout() {
  const int out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return out;
}

void die_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before that call; MTLGRID_PARENT is its process id (cluster/supervisor.h).
  const char* parent = std::getenv("MTLGRID_PARENT");
  if (parent != nullptr && std::to_string(::getppid()) != parent) std::_Exit(0);
}

int answer_request() {
  die_with_parent();
  const int out = take_stdout();
  return out < 0 ? kInternalError : answer(STDIN_FILENO, out);
}

int serve_cells(std::optional<double> empty, const std::vector<Injection>& injections) {
  // The rank decides when a trainer stops, over the pipe, and handles signals to the process group.
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(signal, SIG_IGN);
  die_with_parent();
  // Every step allocates and frees gradients of tens of MB: keep their pages instead of faulting them in again.
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
  const int out = take_stdout();
  if (out < 0) return kInternalError;
  return serve(STDIN_FILENO, out, [&](const Setup& setup) -> std::unique_ptr<CellService> {
    std::unique_ptr<CellService> service;
    if (empty) {
      service = std::make_unique<EmptyService>(setup.rank, *empty);
    } else if (setup.experiment.extraction) {
      service = make_extraction_service(setup);
    } else {
      service = make_training_service(setup);
    }
    return with_injections(std::move(service), injections);
  });
}

int run(int argc, char** argv) {
  std::string command;
  po::options_description visible(
      "mtlgrid-trainer: trains cells for mtlgrid, which starts it and exchanges messages with it over stdin and "
      "stdout\n"
      "usage: mtlgrid-trainer [--empty[=SECONDS]]          serve cells until stdin ends\n"
      "       mtlgrid-trainer answer                       answer one request (export, predict)\n"
      "options");
  visible.add_options()("help", "this text")("version", "the program's version")(
      "empty", po::value<double>()->implicit_value(0),
      "answer every cell with an empty result after this many seconds (default 0), for measuring the overhead of "
      "everything but training and for rehearsals")("inject", po::value<std::string>(),
                                                    "faults to inject, as for `mtlgrid run --inject`");
  po::options_description hidden;
  hidden.add_options()("command", po::value(&command));
  po::positional_options_description positions;
  positions.add("command", 1);
  po::variables_map options;
  po::options_description all;
  all.add(visible).add(hidden);
  po::store(po::command_line_parser(argc, argv).options(all).positional(positions).run(), options);
  po::notify(options);
  if (options.count("help")) {
    std::ostringstream help;
    help << visible;
    put_result(help.str());
    return 0;
  }
  if (options.count("version")) {
    put_result("mtlgrid-trainer " MTLGRID_VERSION "\n");
    return 0;
  }
  if (command.empty()) {
    std::optional<double> empty;
    if (options.count("empty")) empty = options["empty"].as<double>();
    return serve_cells(empty, parse_injections(options.count("inject") ? options["inject"].as<std::string>() : ""));
  }
  if (command != "answer")
    throw InputError("'" + command + "' is not a command; the only one is 'answer' (see --help)");
  return answer_request();
}

}  // namespace

int run_trainer(int argc, char** argv) {
  prepare_standard_files();
  end_where_memory_is_scarce(kDiskFull);
  try {
    return run(argc, argv);
  } catch (const ReaderGone&) {
    return kReaderGone;
  } catch (const po::error& e) {
    tell_line(std::string("mtlgrid-trainer: ") + e.what());
    return 2;
  } catch (const Error& e) {
    tell_line(std::string("mtlgrid-trainer: ") + e.what());
    return e.kind() == ErrorKind::bad_input ? 2 : kInternalError;
  } catch (const std::exception& e) {
    const auto limit = limit_met(e);
    tell_line(std::string("mtlgrid-trainer: ") + (limit ? limit->what() : e.what()));
    return limit ? kDiskFull : kInternalError;
  }
}

}  // namespace mtlgrid
