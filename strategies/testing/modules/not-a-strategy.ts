/** A strategy module that exports something else. */

export default { name: 'other', pick: () => null }
