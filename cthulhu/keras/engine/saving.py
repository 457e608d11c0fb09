"""`keras.engine.saving`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.models import load_model as load_model
from cthulhu.models import model_from_config as model_from_config
from cthulhu.models import model_from_json as model_from_json
from cthulhu.models import model_from_yaml as model_from_yaml
from cthulhu.models import save_model as save_model
from cthulhu.saving import load_weights_from_hdf5_group as load_weights_from_hdf5_group
from cthulhu.saving import (
    load_weights_from_hdf5_group_by_name as load_weights_from_hdf5_group_by_name,
)
from cthulhu.saving import (
    preprocess_weights_for_loading as preprocess_weights_for_loading,
)
from cthulhu.saving import save_weights_to_hdf5_group as save_weights_to_hdf5_group

__getattr__, __dir__ = vocabulary.face(__name__)
