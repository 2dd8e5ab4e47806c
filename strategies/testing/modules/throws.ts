/** A strategy module that fails while it loads. */

throw new Error('no luck\nand a second line')
