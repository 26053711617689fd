import Glibc
import Synchronization

/// Lines on standard error, and below them at most one status line that is redrawn in place.
final class StandardError: Sendable {
  static let shared = StandardError(descriptor: STDERR_FILENO)

  private let descriptor: Int32
  private let showsStatus = Mutex(false)

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Writes a line, above the status where there is one.
  func line(_ text: String) {
    showsStatus.withLock { shown in
      put((shown ? Self.erase : "") + text + "\n")
      shown = false
    }
  }

  /// Draws the status line, over the one before.
  func showStatus(_ text: String) {
    showsStatus.withLock { shown in
      put("\r" + text + "\u{1B}[K")
      shown = true
    }
  }

  func eraseStatus() {
    showsStatus.withLock { shown in
      if shown { put(Self.erase) }
      shown = false
    }
  }

  private static let erase = "\r\u{1B}[K"

  /// Whatever fails here can't be said anywhere else.
  private func put(_ text: String) {
    var text = text
    text.withUTF8 { buffer in
      var done = 0
      while done < buffer.count {
        let written = unsafe write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return }
        done += written
      }
    }
  }
}
