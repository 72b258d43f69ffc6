#include "trainer/training.h"

#include "datasets/errors.h"
namespace mtlgrid {
std::unique_ptr<CellService> make_training_service(const Setup&) { throw Error(ErrorKind::fatal, "not yet"); }
}  // namespace mtlgrid
