#pragma once

#include <string_view>

namespace weir::app {

/// Tells a service manager (systemd's `Type=notify`) how the process is doing: one datagram a
/// message to the socket that NOTIFY_SOCKET names. Does nothing without one. Control thread.
class service_manager {
  public:
    /// `socket`: a path, or `@name` for an abstract one; null or empty: nobody is told.
    explicit service_manager(const char* socket);
    ~service_manager();
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;

    /// Serving, at the start and again after a reload; `status` is a line for a person.
    void ready(std::string_view status);
    void reloading();
    /// The last message.
    void stopping();

  private:
    void send(std::string_view message);
    void leave();

    int fd_ = -1;
};

}  // namespace weir::app
