"""What a linked image holds: its sizes and its symbols. Reads 32-bit little-endian ELF, with nothing but Python."""

import struct
from typing import NamedTuple

ALLOC, WRITE, NOBITS, SYMTAB = 2, 1, 8, 2

# What must not be in an image, by the kind of rule that it breaks.
PANIC = ("9panicking",)  # core::panicking, in either way of mangling
ALLOCATOR = ("__rust_alloc", "__rust_realloc", "__rg_alloc", "__rdl_alloc", "malloc", "calloc")
SOFT_DOUBLE = ("__aeabi_d", "__adddf3", "__subdf3", "__muldf3", "__divdf3", "__extendsfdf2", "__truncdfsf2")


class Sizes(NamedTuple):
    """As `size` counts them: flash is text + data, static RAM is data + bss."""

    text: int
    data: int
    bss: int


class Image:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        if self.bytes[:6] != b"\x7fELF\x01\x01":
            raise ValueError(f"{path}: not a 32-bit little-endian ELF file")
        (start,) = struct.unpack_from("<I", self.bytes, 0x20)
        size, count = struct.unpack_from("<HH", self.bytes, 0x2E)
        # name, type, flags, address, offset, size, link, info, alignment, entry size
        self.sections = [struct.unpack_from("<10I", self.bytes, start + i * size) for i in range(count)]

    def sizes(self):
        text = data = bss = 0
        for _, kind, flags, _, _, size, *_ in self.sections:
            if not flags & ALLOC:
                continue
            if kind == NOBITS:
                bss += size
            elif flags & WRITE:
                data += size
            else:
                text += size
        return Sizes(text, data, bss)

    def symbols(self):
        for _, kind, _, _, offset, size, link, *_ in self.sections:
            if kind != SYMTAB:
                continue
            names = self.sections[link][4]
            for entry in range(offset, offset + size, 16):
                (name,) = struct.unpack_from("<I", self.bytes, entry)
                end = self.bytes.index(b"\0", names + name)
                yield self.bytes[names + name : end].decode()

    def holding(self, parts):
        """The symbols that hold one of the given parts; those that begin with it where the part is a whole C name."""
        whole = tuple(part for part in parts if not part[0].isdigit())
        inner = tuple(part for part in parts if part[0].isdigit())
        return sorted({s for s in self.symbols() if s.startswith(whole) or any(part in s for part in inner)})
