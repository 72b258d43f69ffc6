// A trainer's service with injected faults (injection.h). No torch.
#pragma once

#include <memory>
#include <vector>

#include "trainer/contract/injection.h"
#include "trainer/process/service.h"

namespace mtlgrid {

// `service` with the faults meant for this host; `service` itself if there are none.
std::unique_ptr<CellService> with_injections(std::unique_ptr<CellService> service,
                                             const std::vector<Injection>& injections);

}  // namespace mtlgrid
