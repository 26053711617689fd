import Glibc
import Synchronization

/// A list that a signal handler may walk: nodes are never freed, texts are C strings.
///
/// A node whose `key` is 0 is no entry. Only `add` and `remove` take the lock; walking takes none. (Unchecked because of
/// the pointers: they change under the lock only, a word at a time.)
@safe struct SignalSafeList: ~Copyable, @unchecked Sendable {
  @unsafe struct Node {
    /// Not 0 in an entry.
    var key: UInt
    var extent: Int
    var text: UnsafeMutablePointer<CChar>?
    var next: UnsafeMutablePointer<Node>?
  }

  private let head: UnsafeMutablePointer<Node>
  private let keepsOrder: Bool
  private let lock = Mutex<Void>(())

  /// - Parameter keepsOrder: entries are walked newest first. Without it the places of removed entries are used again.
  init(keepsOrder: Bool) {
    unsafe head = .allocate(capacity: 1)
    unsafe head.initialize(to: Node(key: 0, extent: 0, text: nil, next: nil))
    self.keepsOrder = keepsOrder
  }

  func add(key: UInt, extent: Int, text: String) {
    lock.withLock { _ in
      if !keepsOrder, let free = unsafe firstNode(where: { unsafe $0.pointee.key == 0 }) {
        unsafe Glibc.free(free.pointee.text)
        unsafe free.pointee.text = strdup(text)
        unsafe free.pointee.extent = extent
        unsafe free.pointee.key = key
        return
      }
      let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
      unsafe node.initialize(to: Node(key: key, extent: extent, text: strdup(text), next: head.pointee.next))
      unsafe head.pointee.next = unsafe node
    }
  }

  /// Forgets the newest entry of that key.
  func remove(key: UInt) {
    lock.withLock { _ in
      guard let node = unsafe firstNode(where: { unsafe $0.pointee.key == key }) else { return }
      unsafe node.pointee.key = 0
    }
  }

  /// The newest node for which `matches` holds. Async-signal-safe where `matches` is.
  @unsafe func firstNode(where matches: (UnsafeMutablePointer<Node>) -> Bool) -> UnsafeMutablePointer<Node>? {
    var next = unsafe head.pointee.next
    while let node = unsafe next {
      if unsafe matches(node) { return unsafe node }
      unsafe next = node.pointee.next
    }
    return nil
  }
}
