/// Statistics of pairs of floats (real, imaginary): counts only, since complex numbers have no order.
func complexStatistics(_ bytes: UnsafeRawBufferPointer) -> ValueStatistics {
  var result = ValueStatistics()
  result.moments = nil
  let elements = bytes.count / 8
  guard elements > 0 else { return result }
  let first = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
  var difference: UInt64 = 0
  for index in 0..<elements {
    let bits = unsafe bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
    difference |= bits ^ first
    let real = UInt32(truncatingIfNeeded: bits) & 0x7FFF_FFFF
    let imaginary = UInt32(truncatingIfNeeded: bits &>> 32) & 0x7FFF_FFFF
    let larger = max(real, imaginary)
    if larger > 0x7F80_0000 {
      result.nans &+= 1
    } else if larger == 0x7F80_0000 {
      result.infinities &+= 1
    } else if larger == 0 {
      result.zeros &+= 1
      result.negativeZeros &+= bits == 0 ? 0 : 1
    } else if isSubnormal(real) || isSubnormal(imaginary) {
      result.subnormals &+= 1
    }
  }
  result.elementCount = elements
  result.uniformity = difference == 0 ? .bits(first) : .mixed
  return result
}

@inline(__always)
private func isSubnormal(_ magnitude: UInt32) -> Bool { magnitude &- 1 < 0x007F_FFFF }
