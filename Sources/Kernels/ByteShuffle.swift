/// The shuffle of HDF5: bytes of elements by plane, plane k holding byte k of every element, and behind the planes the
/// bytes that fill no element. None of these functions allocates or fails; memory may have any alignment.
public enum ByteShuffle {
  /// Elements of one pass over the planes: source and planes of these stay in the nearest cache.
  private static let tile = 2048

  public static func shuffle(
    _ source: UnsafePointer<UInt8>, byteCount: Int, elementBytes: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let elements = byteCount / elementBytes
    switch elementBytes {
    case 1: break
    // Not even one element: no planes, however many that would be.
    case (byteCount + 1)...: break
    case 2: unsafe split(UnsafeRawPointer(source), UInt16.self, elements, target)
    case 4: unsafe split(UnsafeRawPointer(source), UInt32.self, elements, target)
    case 8: unsafe split(UnsafeRawPointer(source), UInt64.self, elements, target)
    default: unsafe BytePlanes.split(source, elements: elements, stride: elementBytes, into: target)
    }
    unsafe copyRest(source, byteCount: byteCount, elementBytes: elementBytes, into: target)
  }

  public static func unshuffle(
    _ source: UnsafePointer<UInt8>, byteCount: Int, elementBytes: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let elements = byteCount / elementBytes
    switch elementBytes {
    case 1: break
    // Not even one element: no planes, however many that would be.
    case (byteCount + 1)...: break
    case 2: unsafe join16(source, elements, UnsafeMutableRawPointer(target))
    case 4: unsafe join32(source, elements, UnsafeMutableRawPointer(target))
    case 8: unsafe join64(source, elements, UnsafeMutableRawPointer(target))
    default:
      for plane in 0..<elementBytes {
        unsafe BytePlanes.join(
          source + plane * elements, number: plane, elements: elements, stride: elementBytes, into: target)
      }
    }
    unsafe copyRest(source, byteCount: byteCount, elementBytes: elementBytes, into: target)
  }

  /// Copies what lies behind the planes; of single bytes everything, for these are their own plane.
  private static func copyRest(
    _ source: UnsafePointer<UInt8>, byteCount: Int, elementBytes: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let planes = elementBytes == 1 ? 0 : byteCount - byteCount % elementBytes
    unsafe UnsafeMutableRawPointer(target + planes).copyMemory(from: source + planes, byteCount: byteCount - planes)
  }

  @inline(__always)
  private static func split<W: Word>(
    _ source: UnsafeRawPointer, _ type: W.Type, _ elements: Int, _ target: UnsafeMutablePointer<UInt8>
  ) {
    let width = W.bitWidth / 8
    var first = 0
    while first < elements {
      let count = min(tile, elements - first)
      for plane in 0..<width {
        let out = unsafe target + (plane * elements + first)
        let from = unsafe source + first * width
        let shift = W(truncatingIfNeeded: 8 * plane)
        var index = 0
        while index < count {
          let word = unsafe from.loadUnaligned(fromByteOffset: index &* width, as: W.self)
          unsafe out[index] = UInt8(truncatingIfNeeded: word &>> shift)
          index &+= 1
        }
      }
      first &+= count
    }
  }

  private static func join16(_ planes: UnsafePointer<UInt8>, _ elements: Int, _ target: UnsafeMutableRawPointer) {
    let (a, b) = unsafe (planes, planes + elements)
    var index = 0
    while index < elements {
      let word = unsafe UInt16(a[index]) | UInt16(b[index]) &<< 8
      unsafe target.storeBytes(of: word, toByteOffset: index &* 2, as: UInt16.self)
      index &+= 1
    }
  }

  private static func join32(_ planes: UnsafePointer<UInt8>, _ elements: Int, _ target: UnsafeMutableRawPointer) {
    let (a, b) = unsafe (planes, planes + elements)
    let (c, d) = unsafe (planes + 2 * elements, planes + 3 * elements)
    var index = 0
    while index < elements {
      let lower = unsafe UInt32(a[index]) | UInt32(b[index]) &<< 8
      let word = unsafe lower | UInt32(c[index]) &<< 16 | UInt32(d[index]) &<< 24
      unsafe target.storeBytes(of: word, toByteOffset: index &* 4, as: UInt32.self)
      index &+= 1
    }
  }

  private static func join64(_ planes: UnsafePointer<UInt8>, _ elements: Int, _ target: UnsafeMutableRawPointer) {
    var index = 0
    while index < elements {
      var word: UInt64 = 0
      for plane in 0..<8 { unsafe word |= UInt64(planes[plane &* elements &+ index]) &<< UInt64(8 &* plane) }
      unsafe target.storeBytes(of: word, toByteOffset: index &* 8, as: UInt64.self)
      index &+= 1
    }
  }
}
