import { readCifarSet } from './cifar-set.ts';
import type { Definition } from './definition.ts';

const fine =
  'apple,aquarium_fish,baby,bear,beaver,bed,bee,beetle,bicycle,bottle,bowl,boy,bridge,bus,butterfly,camel,can,castle,caterpillar,cattle,chair,chimpanzee,clock,cloud,cockroach,couch,crab,crocodile,cup,dinosaur,dolphin,elephant,flatfish,forest,fox,girl,hamster,house,kangaroo,keyboard,lamp,lawn_mower,leopard,lion,lizard,lobster,man,maple_tree,motorcycle,mountain,mouse,mushroom,oak_tree,orange,orchid,otter,palm_tree,pear,pickup_truck,pine_tree,plain,plate,poppy,porcupine,possum,rabbit,raccoon,ray,road,rocket,rose,sea,seal,shark,shrew,skunk,skyscraper,snail,snake,spider,squirrel,streetcar,sunflower,sweet_pepper,table,tank,telephone,television,tiger,tractor,train,trout,tulip,turtle,wardrobe,whale,willow_tree,wolf,woman,worm'.split(
    ',',
  );
const coarse =
  'aquatic_mammals,fish,flowers,food_containers,fruit_and_vegetables,household_electrical_devices,household_furniture,insects,large_carnivores,large_man-made_outdoor_things,large_natural_outdoor_scenes,large_omnivores_and_herbivores,medium_mammals,non-insect_invertebrates,people,reptiles,small_mammals,trees,vehicles_1,vehicles_2'.split(
    ',',
  );

/** CIFAR-100 (Krizhevsky 2009): 50,000 + 10,000 photographs, 32 x 32 RGB, 100 fine classes in 20 coarse ones. */
export const cifar100: Definition = {
  name: 'cifar100',
  folders: ['cifar100/cifar-100-binary', 'cifar100', 'cifar-100-binary'],
  archive: 'cifar-100-binary.tar.gz',
  downloads: [
    {
      file: 'cifar-100-binary.tar.gz',
      url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
      md5: '03b5dce01913d631647c71ecec9e9cb8',
      bytes: 168513733,
    },
  ],
  read: (source, { labels }) => {
    const classes = labels === 'coarse' ? coarse : fine;
    const labelAt = labels === 'coarse' ? 0 : 1;
    const layout = { labelBytes: 2, labelAt, classes: classes.length } as const;
    return readCifarSet(source, ['train.bin'], 'test.bin', layout, classes);
  },
};
