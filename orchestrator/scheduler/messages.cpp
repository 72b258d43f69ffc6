#include "orchestrator/scheduler/messages.h"

namespace mtlgrid {

template ToCoordinator decode_report(const nlohmann::json&, const std::string&);
template ToWorker decode_message(const nlohmann::json&, const std::string&);

}  // namespace mtlgrid
