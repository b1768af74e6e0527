#include "base/huge_pages.hpp"

#include <sys/mman.h>

#include <new>

namespace weir {

huge_pages::huge_pages(std::size_t size) : data_(nullptr), size_(size) {
    void* const at =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    ::madvise(at, size, MADV_HUGEPAGE);  // a wish
    data_ = static_cast<unsigned char*>(at);
}

huge_pages::~huge_pages() { ::munmap(data_, size_); }

}  // namespace weir
