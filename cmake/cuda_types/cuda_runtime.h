// All that NCCL's header takes from CUDA's: one opaque pointer type, declared as CUDA declares it. CUDA's own headers
// are not used, since LibTorch's wheels bring them only in part.
#pragma once

typedef struct CUstream_st* cudaStream_t;
