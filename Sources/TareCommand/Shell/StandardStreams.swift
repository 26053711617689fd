import Glibc

/// The state in which a process expects its standard streams.
enum StandardStreams {
  /// Puts a file behind each of the descriptors 0 to 2 that the caller has closed, so that no output file gets such a
  /// number and receives what was meant for a stream; and lets SIGPIPE through.
  ///
  /// The file is opened the wrong way round: using the stream fails, as it would have done before.
  static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGPIPE)
    unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
  }
}
